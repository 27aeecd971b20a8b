"""A valid contract as text, and small edits of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from contract_samples import PARTY

from bankmesh.contracts.parsing.contract_reader import find_faults

if TYPE_CHECKING:
    from pathlib import Path

BOOKING = """\
apiVersion: v3.1.0
kind: DataContract
id: retail.booking
domain: retail
name: booking
dataProduct: booking
version: 1.2.0
status: active
tenant: demo bank
tags: [money]
description:
  purpose: Every movement of money on an account.
  usage: Balances, inflow, spending.
  limitations: Ends at the last complete booking day.
  authoritativeDefinitions:
    - url: https://example.org/booking
      type: businessDefinition
schema:
  - name: booking
    physicalType: table
    description: One row for each booking.
    dataGranularityDescription: One row for each booking.
    relationships:
      - from: [booking.account_id, booking.currency]
        to: [account.account_id, account.currency]
    properties:
      - name: booking_id
        logicalType: integer
        primaryKey: true
        unique: true
        description: Number of the booking.
        classification: internal
        logicalTypeOptions:
          minimum: 1
      - name: account_id
        logicalType: integer
        physicalType: long
        required: true
        description: The account booked on.
        classification: confidential
        relationships:
          - to: account.account_id
      - name: party_id
        logicalType: integer
        description: Who booked.
        classification: confidential
        relationships:
          - to: customer_service/contact.v2.odcs.yaml#/schema/contact/properties/party_id
      - name: currency
        logicalType: string
        required: true
        description: ISO 4217 code.
        classification: public
        examples: [CZK]
        logicalTypeOptions:
          minLength: 3
          maxLength: 3
          pattern: "[A-Z]{3}"
        quality:
          - metric: invalidValues
            arguments:
              validValues: [CZK, EUR]
            mustBe: 0
      - name: amount
        logicalType: number
        physicalType: decimal(18,2)
        required: true
        description: Amount in `currency`, never negative.
        classification: confidential
        logicalTypeOptions:
          minimum: 0
          multipleOf: 0.01
        quality:
          - id: amount_mostly_small
            type: sql
            query: select count(*) from ${table} where ${column} > 1000000
            mustBeLessThan: 100
            severity: warning
            description: Large amounts are rare.
      - name: counterparty
        logicalType: string
        tags: [pii]
        description: Account of the other side.
        classification: restricted
        quality:
          - metric: missingValues
            arguments:
              missingValues: [null, "", n/a]
            mustBeLessOrEqualTo: 60
            unit: percent
            severity: info
          - type: custom
            engine: greatExpectations
            implementation:
              type: expect_column_value_lengths_to_be_between
              kwargs:
                max_value: 34
      - name: labels
        logicalType: array
        description: Free labels.
        classification: internal
        items:
          logicalType: string
          logicalTypeOptions:
            maxLength: 20
        logicalTypeOptions:
          maxItems: 5
          uniqueItems: true
      - name: booked_at
        logicalType: timestamp
        description: Moment of entry.
        classification: internal
        logicalTypeOptions:
          minimum: "1990-01-01T00:00:00Z"
      - name: month
        logicalType: date
        required: true
        partitioned: true
        partitionKeyPosition: 1
        description: First day of the month of booking.
        classification: internal
    quality:
      - metric: rowCount
        mustBeGreaterThan: 0
      - name: One booking a moment
        metric: duplicateValues
        arguments:
          properties: [booking_id, booked_at]
        mustBe: 0
        customProperties:
          - property: scope
            value: table
      - type: text
        description: Bookings are final.
team:
  name: retail-core
  members:
    - username: jnovak
      role: owner
roles:
  - role: analyst
    access: read
slaProperties:
  - property: freshness
    value: 1
    unit: d
  - property: retention
    value: 10
    unit: y
  - property: availability
    value: 99.5
    unit: percent
support:
  - channel: retail-help
    tool: teams
    url: https://example.org/help
customProperties:
  - property: productType
    value: source-aligned
  - property: partitioning
    value:
      granularity: month
      start: "1993-01-01"
  - property: x-cost-centre
    value: 4711
"""


class Builder:
    """Writes a contract into a folder: `build()` a sound one, `build((old, new), ...)` one with texts replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *edits: tuple[str, str], text: str = PARTY, file: str = "") -> Path:
        for old, new in edits:
            assert old in text, f"{old!r} is not in the contract"
            text = text.replace(old, new, 1)
        path = self.folder / (file or ("party" if "id: retail.party" in text else "booking") + ".odcs.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def build(tmp_path: Path) -> Builder:
    """Write a contract; edits are pairs of old and new text."""
    return Builder(tmp_path)


@pytest.fixture(scope="session")
def party() -> str:
    """The smallest contract that is sound."""
    return PARTY


@pytest.fixture(scope="session")
def booking() -> str:
    """A sound contract with every kind of clause."""
    return BOOKING


@pytest.fixture
def faults_of(build: Builder):
    """Faults of a contract with edits, as (rule, line) pairs."""

    def find(*edits: tuple[str, str], text: str = BOOKING) -> list[tuple[str, int]]:
        return [(fault.rule, fault.line) for fault in find_faults([build(*edits, text=text)])]

    return find
