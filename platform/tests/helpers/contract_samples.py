"""The smallest sound contract, as text."""

PARTY = """\
apiVersion: v3.1.0
kind: DataContract
id: retail.party
domain: retail
name: party
version: 1.0.0
status: active
description:
  purpose: One place to find out who a client is.
schema:
  - name: party
    properties:
      - name: party_id
        logicalType: integer
        primaryKey: true
        description: Number of the client.
        classification: internal
team:
  name: retail-core
support:
  - channel: retail-help
customProperties:
  - property: productType
    value: source-aligned
"""
