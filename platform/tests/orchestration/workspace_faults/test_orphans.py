"""Orphans: what the check says of ports, models and domains that were left behind, and who does not publish from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop_mesh import LANDINGS, Mesh, settings_in
from shop_workspace import write_exports

from bankmesh.orchestration.code_locations import load_location
from bankmesh.orchestration.workspace_faults.orphan_faults import orphan_faults
from bankmesh.workspace.domain_folders import declared_ports
from bankmesh.workspace.location_modules import located_domains
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from booth_workspace import Booth


def orphans(booth: Booth) -> list[tuple[str, int, str, str]]:
    contracts = {contract.port: contract for contract in readable_contracts(booth.root)}
    located = located_domains(booth.root)
    return booth._short(orphan_faults(booth.root, booth.home, contracts, declared_ports(booth.root), located))


@pytest.fixture
def published(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    write_exports(booth.root.parent / "exports")
    monkeypatch.setenv("BANK_DATA", str(booth.root.parent / "exports"))
    definitions = load_location("booth", "booth.definitions").definitions
    mesh = Mesh(settings_in(booth.root, booth.root.parent), definitions, "booth")
    assert mesh.run(*LANDINGS, "sale", "customer_spend", "top_customer", "opening_hour").success
    return mesh


def test_nothing_is_left_behind_and_no_home_is_needed(booth: Booth) -> None:
    assert orphans(booth) == []
    assert not booth.home.exists()


def test_a_domain_that_is_no_location(booth: Booth) -> None:
    (booth.root / "workspace.yaml").write_text("load_from: []\n")
    [(file, _, rule, message)] = orphans(booth)
    assert (file, rule) == ("workspace.yaml", "domain-without-location")
    assert "the domain booth is no code location" in message
    assert "Add python_module booth.definitions" in message


def test_locations_that_are_no_modules_say_nothing_of_domains(booth: Booth) -> None:
    (booth.root / "workspace.yaml").write_text("load_from:\n  - grpc_server: {host: localhost, port: 4000}\n")
    assert orphans(booth) == []


def test_a_model_whose_contract_is_gone(booth: Booth) -> None:
    booth.path("contracts/top_customer.odcs.yaml").rename(booth.path("contracts/best_customer.odcs.yaml"))
    [(file, _, rule, message)] = orphans(booth)
    assert (file, rule) == ("products/top_customer.sql", "model-without-contract")
    assert "the model top_customer has no contract" in message


def test_orphans_of_a_published_mesh(booth: Booth, published: Mesh) -> None:
    assert orphans(booth) == []
    # A type, a column that goes and one that may be null are no change within a major; a new column is.
    booth.edit("contracts/opening_hour.odcs.yaml", "opens, logicalType: integer", "opens, logicalType: string")
    [(file, line, rule, message)] = orphans(booth)
    assert (file, rule) == ("contracts/opening_hour.odcs.yaml", "changed-within-major")
    assert booth.path(file).read_text().splitlines()[line - 1].strip().startswith("- {name: opens")
    assert message.startswith(
        "column opens is no longer long, but string, and booth.opening_hour is published with it."
    )
    assert "opening_hour.v2.odcs.yaml" in message
    booth.edit("contracts/opening_hour.odcs.yaml", "opens, logicalType: string", "closes, logicalType: integer")
    [(_, _, rule, message)] = orphans(booth)
    assert (rule, "column opens was removed" in message) == ("changed-within-major", True)
    booth.edit("contracts/opening_hour.odcs.yaml", "closes, logicalType: integer", "opens, logicalType: integer")
    # A contract that is gone: its port is left, and its consumers do not publish from it.
    booth.path("contracts/sale.odcs.yaml").rename(booth.root / "sale.bak")
    [(file, _, rule, message)] = orphans(booth)
    assert (file, rule) == ("contracts/sale.odcs.yaml", "port-without-contract")
    assert "booth.sale is published in" in message
    assert "`mesh contract move booth.sale@1 retired --why ...`" in message
    run = published.run("customer_spend", "opening_hour")
    assert published.versions("customer_spend") == [0]
    assert published.versions("opening_hour") == [0, 1]
    failure = run.failure("customer_spend")
    assert failure.startswith(
        "booth.customer_spend reads booth.sale, but there is no contract of it (domains/booth/src/"
    )
    assert failure.endswith("Restore the contract, or read another product.")
    # A foreign key reads, too.
    run = published.run("top_customer")
    assert "booth.top_customer reads booth.sale, but there is no contract of it" in run.failure("top_customer")
    (booth.root / "sale.bak").rename(booth.path("contracts/sale.odcs.yaml"))
    # A domain that left the workspace.
    (booth.root / "workspace.yaml").write_text("load_from: []\n")
    run = published.run("customer_spend")
    assert published.versions("customer_spend") == [0]
    assert "its domain booth is no code location of workspace.yaml any more" in run.failure("customer_spend")


def test_a_model_in_python_without_contract(booth: Booth) -> None:
    model = booth.root / "dbt_project/models/booth/products/best_customers.py"
    model.write_text("def model(dbt, session):\n    return dbt.source('till', 'sale')\n")
    [(file, _, rule, message)] = orphans(booth)
    assert (file, rule) == ("products/best_customers.py", "model-without-contract")
    assert "the model best_customers has no contract, so it is not built. Did you mean top_customer?" in message
    assert "A product is a model in SQL, which may read one in Python with ref()" in message


def test_a_version_of_a_model_is_a_major(booth: Booth) -> None:
    """The file of version 1 may have a number; version 2 is another product, without a contract here."""
    booth.path("products/top_customer.sql").rename(booth.path("products/top_customer_v1.sql"))
    assert orphans(booth) == []
    booth.path("products/top_customer_v2.sql").write_text("select 1 as customer_id\n")
    [(file, _, rule, message)] = orphans(booth)
    assert (file, rule) == ("products/top_customer_v2.sql", "model-without-contract")
    assert message.startswith("the model top_customer_v2 has no contract")


def test_a_model_in_a_project_of_the_domains_own(booth: Booth) -> None:
    """Its folder of products is what its `dbt_project.yml` materializes so."""
    (booth.root / "own").mkdir()
    (booth.root / "own/dbt_project.yml").write_text(
        "name: own\nmodels:\n  own:\n    marts:\n      +materialized: product\n"
    )
    for name in ("marts/stray.sql", "marts/top_customer.sql", "staging/step.sql"):
        file = booth.root / "own/models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("select 1 as customer_id\n")
    booth.edit("defs/dbt_products/defs.yaml", "Products\n", "Products\nattributes: {project: own}\n")
    [(file, _, rule, _)] = orphans(booth)
    assert (file, rule) == ("own/models/marts/stray.sql", "model-without-contract")


def test_a_model_is_a_product_wherever_it_is_materialized_as_one(booth: Booth) -> None:
    """By its own `config()`, by any folder of `dbt_project.yml`, or by the whole project; the nearest setting counts."""
    (booth.root / "own").mkdir()
    (booth.root / "own/dbt_project.yml").write_text(
        "name: own\nmodels:\n  own:\n    marts: {+materialized: product, steps: {+materialized: view}}\n"
        "    reports: {daily: {+materialized: product}}\n"
    )
    own, step = "{{ config(materialized='product') }}\n", "{{ config(materialized='view') }}\n"
    models = {
        "elsewhere/stray_config.sql": own,
        "marts/stray_mart.sql": "",
        "reports/daily/stray_report.sql": "",
        "marts/steps/step.sql": "",
        "marts/other_step.sql": step,
        "reports/step_of_report.sql": "",
    }
    for name, text in models.items():
        file = booth.root / "own/models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}select 1 as customer_id\n")
    booth.edit("defs/dbt_products/defs.yaml", "Products\n", "Products\nattributes: {project: own}\n")
    found = orphans(booth)
    assert {rule for _, _, rule, _ in found} == {"model-without-contract"}
    assert [file.rpartition("/")[2] for file, *_ in found] == ["stray_config.sql", "stray_mart.sql", "stray_report.sql"]
    assert "Write its contract, stray_mart.odcs.yaml" in found[1][3]
