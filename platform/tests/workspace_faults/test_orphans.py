"""Orphans: what the check says of ports, models and domains that were left behind, and who does not publish from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop_mesh import LANDINGS, Mesh, settings_in
from shop_workspace import write_exports

from bankmesh.catalog.contracts import readable_contracts
from bankmesh.products.locations import load_location, located_domains
from bankmesh.workspace import declared_ports
from bankmesh.workspace_faults.orphans import orphan_faults

if TYPE_CHECKING:
    from stall import Stall


def orphans(stall: Stall) -> list[tuple[str, int, str, str]]:
    contracts = {contract.port: contract for contract in readable_contracts(stall.root)}
    located = located_domains(stall.root)
    return stall._short(orphan_faults(stall.root, stall.home, contracts, declared_ports(stall.root), located))


@pytest.fixture
def published(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    write_exports(stall.root.parent / "exports")
    monkeypatch.setenv("BANK_DATA", str(stall.root.parent / "exports"))
    definitions = load_location("stall", "stall.definitions").definitions
    mesh = Mesh(settings_in(stall.root, stall.root.parent), definitions, "stall")
    assert mesh.run(*LANDINGS, "sale", "customer_spend", "top_customer", "opening_hour").success
    return mesh


def test_nothing_is_left_behind_and_no_home_is_needed(stall: Stall) -> None:
    assert orphans(stall) == []
    assert not stall.home.exists()


def test_a_domain_that_is_no_location(stall: Stall) -> None:
    (stall.root / "workspace.yaml").write_text("load_from: []\n")
    [(file, _, rule, message)] = orphans(stall)
    assert (file, rule) == ("workspace.yaml", "domain-without-location")
    assert "the domain stall is no code location" in message
    assert "Add python_module stall.definitions" in message


def test_locations_that_are_no_modules_say_nothing_of_domains(stall: Stall) -> None:
    (stall.root / "workspace.yaml").write_text("load_from:\n  - grpc_server: {host: localhost, port: 4000}\n")
    assert orphans(stall) == []


def test_a_model_whose_contract_is_gone(stall: Stall) -> None:
    stall.path("contracts/top_customer.odcs.yaml").rename(stall.path("contracts/best_customer.odcs.yaml"))
    [(file, _, rule, message)] = orphans(stall)
    assert (file, rule) == ("products/top_customer.sql", "model-without-contract")
    assert "the model top_customer has no contract" in message


def test_orphans_of_a_published_mesh(stall: Stall, published: Mesh) -> None:
    assert orphans(stall) == []
    # A type, a column that goes and one that may be null are no change within a major; a new column is.
    stall.edit("contracts/opening_hour.odcs.yaml", "opens, logicalType: integer", "opens, logicalType: string")
    [(file, line, rule, message)] = orphans(stall)
    assert (file, rule) == ("contracts/opening_hour.odcs.yaml", "changed-within-major")
    assert stall.path(file).read_text().splitlines()[line - 1].strip().startswith("- {name: opens")
    assert message.startswith(
        "column opens is no longer long, but string, and stall.opening_hour is published with it."
    )
    assert "opening_hour.v2.odcs.yaml" in message
    stall.edit("contracts/opening_hour.odcs.yaml", "opens, logicalType: string", "closes, logicalType: integer")
    [(_, _, rule, message)] = orphans(stall)
    assert (rule, "column opens is gone" in message) == ("changed-within-major", True)
    stall.edit("contracts/opening_hour.odcs.yaml", "closes, logicalType: integer", "opens, logicalType: integer")
    # A contract that is gone: its port is left, and its consumers do not publish from it.
    stall.path("contracts/sale.odcs.yaml").rename(stall.root / "sale.bak")
    [(file, _, rule, message)] = orphans(stall)
    assert (file, rule) == ("contracts/sale.odcs.yaml", "port-without-contract")
    assert "stall.sale is published in" in message
    assert "`mesh contract move stall.sale@1 retired --why ...`" in message
    run = published.run("customer_spend", "opening_hour")
    assert published.versions("customer_spend") == [0]
    assert published.versions("opening_hour") == [0, 1]
    failure = run.failure("customer_spend")
    assert failure.startswith(
        "stall.customer_spend reads stall.sale, but there is no contract of it (domains/stall/src/"
    )
    assert failure.endswith("Restore the contract, or read another product.")
    # A foreign key reads, too.
    run = published.run("top_customer")
    assert "stall.top_customer reads stall.sale, but there is no contract of it" in run.failure("top_customer")
    (stall.root / "sale.bak").rename(stall.path("contracts/sale.odcs.yaml"))
    # A domain that left the workspace.
    (stall.root / "workspace.yaml").write_text("load_from: []\n")
    run = published.run("customer_spend")
    assert published.versions("customer_spend") == [0]
    assert "its domain stall is no code location of workspace.yaml any more" in run.failure("customer_spend")
