"""A small workspace with roles, purposes and two products, whose policies a test writes before it decides about reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.access.decisions.access_policy import AccessPolicy, load_access_policy
from bankmesh.access.decisions.decision_engine import decide
from bankmesh.access.model import Principal
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.access.model import AccessDecision, AttributeValue

PURPOSES = """\
purposes:
  service: Helping a customer.
  marketing: Deciding what is offered.
  marketing.offers: Choosing an offer for a customer.
"""
ROLES = """\
roles:
  clerk:
    description: Serves customers.
    clearance: confidential
    purposes: [service]
  seller:
    description: Sells.
    clearance: internal
    purposes: [marketing, service]
  scientist:
    description: Trains models.
    clearance: restricted
    purposes: [model_training]
  stranger:
    description: In no contract.
    clearance: restricted
    purposes: [service]
clients:
  till:
    description: The application of the counter.
    purposes: [service]
"""
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: {domain}.{name}
name: {name}
domain: {domain}
dataProduct: {name}
version: {major}.0.0
status: active
description:
  purpose: What the {name} is for.
team:
  name: {domain}-team
support:
  - channel: help
    url: https://bank.example/help
roles:
  - role: clerk
    access: read
  - role: seller
    access: read
    customProperties:
      - property: purposes
        value: [marketing]
  - role: scientist
    access: read
customProperties:
  - property: productType
    value: aggregate
  - property: purposes
    value: [service, marketing, model_training]
{custom}  - property: lifecycle
    value:
      - status: active
        date: "2026-01-01"
        by: {domain}-team
        why: It is needed.
schema:
  - name: {name}
    logicalType: object
    physicalType: table
    description: Rows of {name}.
    properties:
{columns}    quality:
      - id: has_rows
        metric: rowCount
        mustBeGreaterThan: 0
        description: It has rows.
"""
CUSTOMER = (
    ("customer_id", "integer", "internal", True, "subject", "customer"),
    ("name", "string", "restricted", False, "mask", "partial(last: 4)"),
    ("phone", "string", "restricted", False, "", ""),
    ("opt_in", "boolean", "confidential", False, "", ""),
    ("visits", "integer", "confidential", True, "", ""),
    ("shop", "string", "public", True, "", ""),
)
"""Name, type, classification, whether it is required, and a custom property with its value."""

PORT = "shop.customer"


def contract_text(
    domain: str = "shop", name: str = "customer", major: int = 1, columns: tuple = CUSTOMER, custom: str = ""
) -> str:
    """Return a contract; the first column is its key."""
    written = "".join(_column(at, *column) for at, column in enumerate(columns))
    return CONTRACT.format(domain=domain, name=name, major=major, columns=written, custom=custom)


def _column(at: int, name: str, kind: str, classification: str, required: bool, prop: str, value: str) -> str:
    lines = [
        f"      - name: {name}",
        f"        logicalType: {kind}",
        f"        description: The {name}.",
        f"        classification: {classification}",
        *(["        primaryKey: true", "        primaryKeyPosition: 1"] if at == 0 else []),
        *(["        required: true"] if required else []),
    ]
    if prop:
        lines += ["        customProperties:", f"          - property: {prop}", f'            value: "{value}"']
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class AccessWorkspace:
    """The workspace as files below `root`."""

    root: Path

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def policy(self, text: str, name: str = "policies/own.cedar") -> Path:
        return self.write(name, text)

    def domain_policy(self, text: str, domain: str = "shop") -> Path:
        return self.write(f"domains/{domain}/src/{domain}/policies/narrow.cedar", text)

    def load(self) -> AccessPolicy:
        return load_access_policy(self.root, workspace_contracts(self.root))

    def decide(self, role: str | set[str], purpose: str, port: str = PORT, **more: str) -> AccessDecision:
        return decide(self.load(), reader(role, **more), port, purpose)

    def outcomes(self, role: str | set[str], purpose: str, port: str = PORT) -> Mapping[str, str]:
        """The outcome of each column as one word, or the mask."""
        found = self.decide(role, purpose, port).columns.values()
        return {each.column: str(each.mask) if each.mask else each.outcome.value for each in found}


def reader(role: str | set[str], client: str = "mesh", name: str = "alice", **attributes: AttributeValue) -> Principal:
    roles = frozenset({role} if isinstance(role, str) else role)
    return Principal(name, roles, attributes, client)


def write_access_workspace(root: Path) -> AccessWorkspace:
    workspace = AccessWorkspace(root)
    workspace.write("workspace.yaml", "")
    workspace.write("policies/purposes.yaml", PURPOSES)
    workspace.write("policies/roles.yaml", ROLES)
    for domain, name in (("shop", "customer"), ("market", "order")):
        workspace.write(f"domains/{domain}/src/{domain}/definitions.py", "")
        workspace.write(f"domains/{domain}/src/{domain}/contracts/{name}.odcs.yaml", contract_text(domain, name))
    return workspace
