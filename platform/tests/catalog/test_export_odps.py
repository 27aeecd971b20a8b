"""Descriptors of the Open Data Product Standard: what a product promises, from whom it reads, and where it lies."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from shop_workspace import at_stage, contract_text

from bankmesh.catalog.export import port_facts, product_descriptor, write_exports
from bankmesh.ports import expire, port_at, read_history
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from shop_mesh import Mesh

CONTRACTS = "domains/shop/src/shop/contracts"
REAL = Path(os.environ.get("BANKMESH_REALDATA") or Path(__file__).parents[4] / "shared" / "data").resolve()
SCHEMA = REAL / "odcs_contracts" / "odps" / "odps-json-schema-v1.0.0.json"

# Keys of each object of the standard 1.0.0, and those that it requires.
# Source: bitol-io/open-data-product-standard, schema/odps-json-schema-v1.0.0.json.
_ANYWHERE = {"tags", "customProperties", "authoritativeDefinitions"}
KEYS: dict[str, tuple[set[str], set[str]]] = {
    "": (
        {"apiVersion", "kind", "id", "status"},
        {"name", "version", "domain", "tenant", "description", "inputPorts", "outputPorts", "managementPorts", "support", "team", "productCreatedTs"} | _ANYWHERE,
    ),
    "description": (set(), {"purpose", "limitations", "usage", "authoritativeDefinitions", "customProperties"}),
    "inputPorts[]": ({"name", "version", "contractId"}, _ANYWHERE),
    "outputPorts[]": ({"name", "version"}, {"description", "type", "contractId", "sbom", "inputContracts"} | _ANYWHERE),
    "outputPorts[].inputContracts[]": ({"id", "version"}, set()),
    "support[]": ({"channel", "url"}, {"description", "tool", "scope", "invitationUrl"} | _ANYWHERE),
    "team": (set(), {"name", "description", "members"} | _ANYWHERE),
    "team.members[]": ({"username"}, {"name", "description", "role", "dateIn", "dateOut", "replacedByUsername"} | _ANYWHERE),
    "customProperties[]": ({"property", "value"}, {"description"}),
}  # fmt: skip


def departures(value: Any, at: str = "") -> list[str]:
    """Where a descriptor is not of the standard's shape."""
    if isinstance(value, list):
        return [found for item in value for found in departures(item, f"{at}[]")]
    if not isinstance(value, dict):
        return [] if value not in (None, "") else [f"{at} is blank"]
    if at.endswith("customProperties[].value"):
        return []
    required, allowed = KEYS["customProperties[]" if at.endswith("customProperties[]") else at]
    found = [f"{at} lacks {key}" for key in required - value.keys()]
    found += [f"{at} has {key}" for key in value.keys() - required - allowed]
    return found + [more for key, part in value.items() for more in departures(part, f"{at}.{key}".lstrip("."))]


@pytest.fixture
def describe(root: Path, published: Mesh):
    """The descriptor of a product of the shop."""

    def make(name: str) -> dict[str, Any]:
        contracts = {contract.port: contract for contract in workspace_contracts(root)}
        majors = sorted((c for c in contracts.values() if c.name == name), key=lambda c: c.major)
        found = product_descriptor([port_facts(published.settings.home, contract, contracts) for contract in majors])
        assert departures(found) == []
        assert (found["apiVersion"], found["kind"], found["id"]) == ("v1.0.0", "DataProduct", f"shop.{name}")
        return found

    return make


def custom(owner: dict[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in owner["customProperties"]}


def test_a_product_says_what_it_promises_and_where_it_lies(describe, published: Mesh) -> None:
    found = describe("customer_spend")
    assert (found["name"], found["version"], found["status"], found["domain"]) == (
        "customer_spend",
        "1.0.0",
        "active",
        "shop",
    )
    assert found["description"] == {"purpose": "What each customer has spent."}
    assert (found["team"], found["tags"]) == ({"name": "Shop Data"}, ["Point of Sale"])
    (port,) = found["outputPorts"]
    assert (port["name"], port["version"], port["contractId"], port["type"]) == (
        "customer_spend",
        "1.0.0",
        "shop.customer_spend",
        "tables",
    )
    facts = custom(port)
    assert (facts["status"], facts["classification"], facts["rows"], facts["publishedVersion"]) == (
        "active",
        "restricted",
        3,
        0,
    )
    assert (facts["location"], facts["format"]) == (
        str(published.settings.home / "ports/shop/customer_spend/v1"),
        "delta",
    )
    assert custom(found)["productType"] == "source-aligned"


def test_input_ports_are_what_the_newest_version_was_made_from(describe, root: Path) -> None:
    read = {"name": "shop.sale", "version": "1.0.0", "contractId": "shop.sale"}
    spend = describe("customer_spend")
    assert spend["inputPorts"] == [read]
    assert spend["outputPorts"][0]["inputContracts"] == [{"id": "shop.sale", "version": "1.0.0"}]
    # The contract of what was read has changed since; what was read has not.
    (root / CONTRACTS / "sale.odcs.yaml").write_text(contract_text("sale", "1.7.0"))
    assert describe("customer_spend")["inputPorts"] == [read]
    assert describe("sale")["version"] == "1.7.0"


def test_a_legacy_object_has_no_contract_and_is_no_input_port(describe) -> None:
    found = describe("sale")
    assert "inputPorts" not in found
    assert custom(found)["legacyObjects"] == ["till.sale"]


def test_an_input_whose_version_has_expired_is_named_by_its_contract_of_today(
    describe, root: Path, published: Mesh
) -> None:
    assert published.run("sale").success
    sale = port_at(published.settings.home, "shop.sale", 1)
    expire(sale, keep_candidates=timedelta(0), retention=timedelta(0))
    assert [made.version for made in read_history(sale)] == [1]
    (root / CONTRACTS / "sale.odcs.yaml").write_text(contract_text("sale", "1.7.0"))
    assert [port["version"] for port in describe("customer_spend")["inputPorts"]] == ["1.7.0"]


def test_what_is_not_published_yet_reads_from_nobody(describe, published: Mesh) -> None:
    shutil.rmtree(published.settings.home / "ports")
    found = describe("customer_spend")
    assert "inputPorts" not in found
    assert custom(found["outputPorts"][0]) == {
        "port": "shop.customer_spend",
        "status": "active",
        "classification": "restricted",
    }


def test_each_major_with_a_port_is_an_output_port(describe, root: Path) -> None:
    first, second = root / CONTRACTS / "sale.odcs.yaml", root / CONTRACTS / "sale.v2.odcs.yaml"
    first.write_text(at_stage(contract_text("sale", "1.1.0"), "deprecated", replacedBy="shop.sale@2"))
    second.write_text(contract_text("sale", "2.0.0"))
    found = describe("sale")
    assert (found["version"], found["status"]) == ("2.0.0", "active")
    assert [(port["name"], port["version"]) for port in found["outputPorts"]] == [("sale", "1.1.0"), ("sale", "2.0.0")]
    old, new = map(custom, found["outputPorts"])
    assert (old["status"], old["endOfSupport"], old["replacedBy"]) == ("deprecated", "2027-06-30", "shop.sale@2")
    assert (new["port"], new["status"], "location" in new) == ("shop.sale@2", "active", False)
    first.write_text(at_stage(contract_text("sale", "1.1.0"), "retired"))
    assert [port["version"] for port in describe("sale")["outputPorts"]] == ["2.0.0"]
    second.write_text(at_stage(contract_text("sale", "2.0.0"), "proposed"))
    first.write_text(contract_text("sale", "1.1.0"))
    assert [port["version"] for port in describe("sale")["outputPorts"]] == ["1.1.0"]


def test_people_and_channels_are_those_of_the_contract(describe, root: Path) -> None:
    file = root / CONTRACTS / "opening_hour.odcs.yaml"
    text = file.read_text().replace("support:\n  - channel: shop-help\n", (
        "support:\n  - channel: shop-help\n"  # without a URL, which the standard asks for
        "  - {channel: shop@example.org, tool: email, scope: issues, url: 'mailto:shop@example.org'}\n"
    )).replace("  name: Shop Data\n", "  name: Shop Data\n  description: The shop.\n  members:\n    - {username: eva, role: owner}\n")  # fmt: skip
    text = text.replace(
        "description:\n",
        "tenant: bank\ncontractCreatedTs: '2024-01-15T10:00:00Z'\ndescription:\n  limitations: None known.\n",
        1,
    )
    file.write_text(text)
    found = describe("opening_hour")
    assert found["support"] == [
        {"channel": "shop@example.org", "url": "mailto:shop@example.org", "tool": "email", "scope": "issues"}
    ]
    assert found["team"] == {
        "name": "Shop Data",
        "description": "The shop.",
        "members": [{"username": "eva", "role": "owner"}],
    }
    assert (found["tenant"], found["productCreatedTs"]) == ("bank", "2024-01-15T10:00:00Z")
    assert found["description"] == {"purpose": "When the shop opens.", "limitations": "None known."}


def test_the_shape_is_held_strictly(describe) -> None:
    found = describe("customer_spend")
    assert departures(found | {"colour": "red"}) == [" has colour"]
    assert departures({key: value for key, value in found.items() if key != "id"}) == [" lacks id"]
    assert departures(found | {"inputPorts": [{"name": "x", "version": "1"}]}) == ["inputPorts[] lacks contractId"]


@pytest.mark.realdata
@pytest.mark.skipif(not SCHEMA.is_file(), reason="no schema of the standard here")
def test_every_descriptor_validates_against_the_standards_own_schema(
    root: Path, published: Mesh, tmp_path: Path
) -> None:
    from jsonschema import Draft201909Validator, FormatChecker

    validator = Draft201909Validator(json.loads(SCHEMA.read_text(encoding="utf-8")), format_checker=FormatChecker())
    (root / CONTRACTS / "opening_hour.odcs.yaml").write_text(at_stage(contract_text("opening_hour"), "retired"))
    (root / CONTRACTS / "sale.v2.odcs.yaml").write_text(contract_text("sale", "2.0.0"))
    shipped = workspace_contracts(Path(__file__).parents[3])
    for contracts in (workspace_contracts(root), shipped):
        written = write_exports(tmp_path / "out", published.settings.home, contracts)
        files = [item.file for item in written if item.standard == "odps"]
        assert len(files) >= 5
        for file in files:
            document = yaml.safe_load(file.read_text(encoding="utf-8"))
            assert [error.message for error in validator.iter_errors(document)] == []
            assert departures(document) == []
    assert list(validator.iter_errors(document | {"colour": "red"}))
