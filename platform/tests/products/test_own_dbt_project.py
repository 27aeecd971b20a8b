"""A dbt project of a domain's own: packages, variables and folders of its choice, apart from all other domains."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from kiosk_project import SALES, faults_of, load, package_of

from bankmesh.products.dbt.dbt_domain import load_domain_of
from bankmesh.products.dbt.faults.project_faults import find_project_faults
from bankmesh.settings import Settings
from bankmesh.testing import domain_contract, try_product
from bankmesh.workspace.dbt_project_files import DbtProjectPlace, find_dbt_project, product_folder
from bankmesh.workspace.product_consumers import workspace_reads
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_product_is_built_with_the_packages_and_variables_of_its_project(
    kiosk_original: Path, tmp_path: Path
) -> None:
    contract = domain_contract(package_of(kiosk_original), "customer_spend")
    trial = try_product(contract, {"shop.sale": SALES}, home=tmp_path)
    assert trial.publication is not None, trial.broken
    assert sorted(trial.rows.select("customer_id", "total").rows()) == [(1, Decimal("41.00")), (2, Decimal("101.00"))]
    assert "no_negative" in {result.clause.name for result in trial.gate.results}


def test_the_project_is_found_wherever_a_domain_is_read(kiosk_original: Path) -> None:
    settings = Settings(kiosk_original, kiosk_original / "mesh", kiosk_original / "exports")
    _, loaded = load_domain_of(package_of(kiosk_original), settings)
    assert loaded is not None
    assert set(loaded.products) == {"customer_spend", "top_customer", "monthly_sale"}
    reads = {(r.port, r.source) for r in workspace_reads(kiosk_original, readable_contracts(kiosk_original))}
    assert ("shop.top_customer", "shop.customer_spend") in reads


EDITS = {
    "the environment in Python": (
        "transform/steps/stg_env.py",
        "",
        "def model(dbt, session):\n    import os\n    return session.sql(os.environ['X'])\n",
        "stg_env.py:3",
        "environment variable",
    ),
    "the environment in properties": (
        "transform/marts/tests.yml",
        "",
        """models: [{name: customer_spend, columns: [{name: total, data_tests: [{not_null: {where: "{{ env_var('X', '1') }}"}}]}]}]\n""",
        "tests.yml:1",
        "environment variable",
    ),
    "the environment by another name": (
        "transform/marts/customer_spend.sql",
        "select customer_id",
        "{% set e = env_var %}select customer_id",
        "customer_spend.sql:1",
        "environment variable",
    ),
    "a file": (
        "transform/marts/top_customer.sql",
        "from {{",
        "from read_csv('/tmp/rates.csv'), {{",
        "top_customer.sql:2",
        "past its inputs",
    ),
    "a hook of a package": (
        "local/pricing/dbt_project.yml",
        "name: pricing\n",
        "name: pricing\non-run-start: [select 1]\n",
        "dbt_project.yml:2",
        "hooks of the package pricing",
    ),
    "the environment in a package": (
        "local/pricing/macros/price.sql",
        "+ 1)",
        "+ {{ env_var('FEE', '1') }})",
        "price.sql:2",
        "macro default__price of pricing reads an environment variable",
    ),
    "not installed": (
        "packages.yml",
        "packages:\n",
        "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n",
        "packages.yml:2",
        "dbt deps",
    ),
    "no hook": ("dbt_project.yml", 'on-run-start: "{{ open_inputs() }}"\n', "", "dbt_project.yml:1", "open_inputs"),
    "another hook": (
        "dbt_project.yml",
        '"{{ open_inputs() }}"',
        '["{{ open_inputs() }}", "select 1"]',
        "dbt_project.yml:8",
        "open_inputs",
    ),
    "outside": (
        "dbt_project.yml",
        "[transform]",
        "[transform, ../../retail]",
        "dbt_project.yml:5",
        "inside of the project",
    ),
    "environment": (
        "dbt_project.yml",
        "least: 10",
        "least: \"{{ env_var('LEAST') }}\"",
        "dbt_project.yml:11",
        "environment variable",
    ),
    "a macro of the platform": (
        "more_macros/half.sql",
        "{% macro half",
        "{% macro open_inputs() %}{% endmacro %}\n{% macro half",
        "half.sql:1",
        "the platform writes",
    ),
    "a materialization in a package": (
        "local/pricing/macros/price.sql",
        "{% macro price",
        "{% materialization view, adapter='duckdb' %}{{ return({'relations': []}) }}{% endmaterialization %}\n{% macro price",
        "price.sql:1",
        "replace the materialization view",
    ),
}


@pytest.mark.parametrize("kind", EDITS)
def test_what_such_a_project_may_not_hold_is_a_fault(kiosk: Path, kind: str) -> None:
    file, old, new, where, words = EDITS[kind]
    path = kiosk / "domains/shop/dbt" / file
    text = path.read_text() if path.exists() else ""
    assert old in text
    path.write_text(text.replace(old, new, 1))
    (fault,) = faults_of(kiosk)
    assert f"{fault.file}:{fault.line}".endswith(where), str(fault)
    assert words in fault.message


PROFILES = {
    "a database file": "{type: duckdb, path: /tmp/bank.duckdb}",
    "another database": "{type: postgres, host: localhost}",
    "attached": "{type: duckdb, attach: [{path: /tmp/bank.duckdb}]}",
}


@pytest.mark.parametrize("kind", PROFILES)
def test_a_profile_that_is_not_in_memory_is_a_fault(kiosk: Path, kind: str) -> None:
    profile = f"bankmesh:\n  target: candidate\n  outputs:\n    candidate: {PROFILES[kind]}\n"
    (kiosk / "domains/shop/dbt/profiles.yml").write_text(profile)
    (fault,) = faults_of(kiosk)
    assert fault.file.endswith("profiles.yml")
    assert fault.line == 4


def test_a_seed_or_snapshot_at_any_declared_path_is_a_fault(kiosk: Path) -> None:
    own = kiosk / "domains/shop/dbt"
    (own / "dbt_project.yml").write_text("seed-paths: [rates]\n" + (own / "dbt_project.yml").read_text())
    (own / "rates").mkdir()
    (own / "rates/vat.csv").write_text("country,rate\nAT,20\n")
    (fault,) = faults_of(kiosk)
    assert fault.file == str(own / "rates/vat.csv")
    assert "sources/*.yaml" in fault.message


def test_a_domain_that_names_the_project_of_another_one_stops_itself_alone(kiosk: Path) -> None:
    other = kiosk / "domains/bar/src/bar"
    shutil.copytree(package_of(kiosk) / "defs", other / "defs")
    (other / "definitions.py").touch()
    assert load(kiosk).products
    place = DbtProjectPlace(find_dbt_project(kiosk, other), "bar", kiosk / "mesh/dbt/bar")
    (fault,) = find_project_faults(place, kiosk)
    assert (fault.file, fault.line) == (str(kiosk / "domains/shop/dbt/dbt_project.yml"), 5)
    assert "bar, shop" in fault.message


def test_a_second_project_of_a_domain_is_a_fault(kiosk: Path) -> None:
    second = package_of(kiosk) / "defs/more/defs.yaml"
    second.parent.mkdir()
    second.write_text("type: bankmesh.DbtDataProducts\n")
    (fault,) = faults_of(kiosk)
    assert fault.file == str(second)


def test_what_dbt_reads_of_its_environment_changes_no_rows(
    kiosk_original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DBT_EMPTY": "1", "DBT_TARGET": "other", "DBT_ENGINE_EMPTY": "1"}.items():
        monkeypatch.setenv(name, value)
    contract = domain_contract(package_of(kiosk_original), "customer_spend")
    trial = try_product(contract, {"shop.sale": SALES}, home=tmp_path)
    assert trial.rows.height == 2


def test_a_new_product_is_written_where_the_project_has_its_products(kiosk_original: Path, tmp_path: Path) -> None:
    assert (
        product_folder(kiosk_original / "domains/shop/dbt", "shop")
        == kiosk_original / "domains/shop/dbt/transform/marts"
    )
    assert product_folder(kiosk_original / "dbt_project", "shop") == kiosk_original / "dbt_project/models/shop/products"
    assert product_folder(tmp_path, "shop") == tmp_path / "models/products"


def test_a_local_package_that_is_not_installed_is_named(kiosk: Path) -> None:
    (kiosk / "domains/shop/dbt/dbt_packages/pricing").unlink()
    (fault,) = faults_of(kiosk)
    assert fault.message.startswith("the package pricing is declared and not installed")


def test_a_seed_of_a_package_that_a_product_reads_is_a_fault(kiosk: Path) -> None:
    own = kiosk / "domains/shop/dbt"
    (own / "local/pricing/seeds").mkdir()
    (own / "local/pricing/seeds/vat.csv").write_text("country,rate\nAT,20\n")
    # One that nothing reads is left alone.
    (own / "local/pricing/seeds/unread.csv").write_text("country,rate\nAT,20\n")
    model = own / "local/pricing/models/stg_large.sql"
    model.write_text(model.read_text() + "and 0 < (select count(*) from {{ ref('vat') }})\n")
    (fault,) = faults_of(kiosk)
    assert fault.file == str(own / "dbt_packages/pricing/seeds/vat.csv")
    assert "sources/*.yaml" in fault.message


def test_braces_in_a_contract_are_no_jinja_for_dbt(kiosk: Path) -> None:
    contract = package_of(kiosk) / "contracts/sale.odcs.yaml"
    text = contract.read_text().replace("What was paid.", "'Paid {# of {{ oops() }} {% for'")
    assert "oops" in text
    contract.write_text(text)
    assert load(kiosk).products


def test_a_generic_test_of_a_long_name_is_a_check(kiosk: Path) -> None:
    column = "{name: largest_sale_id, data_tests: [{relationships: {to: \"source('shop', 'sale')\", field: sale_id}}]}"
    file = kiosk / "domains/shop/dbt/transform/marts/tests.yml"
    file.write_text(f"models: [{{name: customer_spend, columns: [{column}]}}]\n")
    names = [clause.name for clause in load(kiosk).products["customer_spend"].contract.clauses]
    assert any(name.startswith("relationships_customer_spend_largest_sale_id") for name in names)
