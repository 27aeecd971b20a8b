"""A dbt project of a domain's own: packages, variables and folders of its choice, apart from all other domains."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from textwrap import dedent
from typing import TYPE_CHECKING

import polars as pl
import pytest
from shop_workspace import MODELS, write_workspace

from bankmesh.catalog.contracts import readable_contracts
from bankmesh.catalog.readers import workspace_reads
from bankmesh.dbt_projects import DbtProjectPlace, find_dbt_project, product_folder
from bankmesh.products.dbt_code_versions import model_code_version
from bankmesh.products.dbt_domain import DbtDomain, load_dbt_domain, load_domain_of
from bankmesh.products.dbt_faults import DbtFaults
from bankmesh.products.dbt_models import dbt_environment, find_models
from bankmesh.products.domain import read_domain
from bankmesh.settings import Settings
from bankmesh.testing import domain_contract, try_product

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.errors import Fault

PROJECT = """\
name: kiosk_models
version: 1.0.0
profile: kiosk_on_snowflake

model-paths: [transform]
macro-paths: [macros, more_macros]

on-run-start: "{{ open_inputs() }}"

vars:
  least: 10
  unused: 1
  rate: 2
  pricing:
    floor: 0

models:
  kiosk_models:
    marts:
      +materialized: product
"""
FILES = {
    "dbt_project.yml": PROJECT,
    "packages.yml": "packages:\n  - local: local/pricing\n",
    "local/pricing/dbt_project.yml": "name: pricing\nversion: 1.0.0\nvars: {fee: 1}\n",
    "local/pricing/macros/price.sql": (
        "{% macro price(x) %}{{ return(adapter.dispatch('price', 'pricing')(x)) }}{% endmacro %}\n"
        "{% macro default__price(x) %}({{ x }} * {{ var('rate', 3) }} + 1){% endmacro %}\n"
    ),
    "local/pricing/models/stg_large.sql": (
        "select * from {{ source('shop', 'sale') }} where amount >= {{ var('least', 0) }}\n"
        "and amount > {{ var('fee') }} + {{ var('floor', 0) }}\n"
    ),
    "local/pricing/models/unused.sql": "{{ config(materialized='incremental') }}\nselect 1 as one\n",
    "transform/marts/customer_spend.sql": """\
        select customer_id, count(*) as sales, cast(sum({{ pricing.price('amount') }}) as decimal(18, 2)) as total,
            max(sale_id) as largest_sale_id, max(remark) as last_remark
        from {{ ref('pricing', 'stg_large') }} group by customer_id
        """,
    "transform/marts/top_customer.sql": MODELS["products/top_customer.sql"],
    "transform/steps/stg_till__sales.sql": (
        "select sale_id, customer_id, sold_on, amount from {{ source('till', 'sale') }}\n"
        "where {{ in_partitions('sold_on') }} and amount > {{ var('least') }} - {{ half(var('least')) }}\n"
    ),
    "transform/marts/monthly_sale.sql": MODELS["products/monthly_sale.sql"],
    "more_macros/half.sql": "{% macro half(x) %}{{ x }} / 2{% endmacro %}\n",
    "tests/no_negative.sql": "select * from {{ ref('customer_spend') }} where total < 0\n",
}
SALES = pl.DataFrame(
    {
        "sale_id": [1, 2, 3],
        "customer_id": [1, 1, 2],
        "sold_on": [date(2024, 1, 5)] * 3,
        "amount": [Decimal("20.00"), Decimal("5.00"), Decimal("50.00")],
        "voucher": ["1"] * 3,
        "remark": ["thanks"] * 3,
    },
    schema_overrides={"amount": pl.Decimal(18, 2)},
)


def package_of(root: Path) -> Path:
    return root / "domains/shop/src/shop"


def place_of(root: Path) -> DbtProjectPlace:
    return DbtProjectPlace(find_dbt_project(root, package_of(root)), "shop", root / "mesh/dbt/shop")


def load(root: Path) -> DbtDomain:
    return load_dbt_domain(place_of(root), read_domain(package_of(root)), root)


def faults_of(root: Path) -> list[Fault]:
    with pytest.raises(DbtFaults) as caught:
        load(root)
    return list(caught.value.faults)


def install_packages(place: DbtProjectPlace) -> None:
    """`dbt deps`, as an engineer runs it."""
    from dbt.cli.main import dbtRunner

    with dbt_environment(place.domain):
        outcome = dbtRunner().invoke(["deps", "--quiet", "--project-dir", str(place.project)])
    assert outcome.success, outcome.exception


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with its models in a project of its own, in the domain's folder; the shared one holds nothing of it."""
    root = tmp_path_factory.mktemp("own") / "workspace"
    write_workspace(root)
    shutil.rmtree(root / "dbt_project/models")
    own = root / "domains/shop/dbt"
    for name, text in FILES.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(dedent(text))
    component = package_of(root) / "defs/dbt_products/defs.yaml"
    component.write_text("type: bankmesh.DbtDataProducts\nattributes:\n  project: domains/shop/dbt\n")
    install_packages(place_of(root))
    load(root)
    return root


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A copy that a test may change; dbt's own state of it is kept, so that its parse stays warm."""
    shutil.copytree(original, tmp_path / "workspace", symlinks=True)
    shutil.rmtree(tmp_path / "workspace/mesh")
    link = tmp_path / "workspace/domains/shop/dbt/dbt_packages/pricing"
    link.unlink()
    link.symlink_to(tmp_path / "workspace/domains/shop/dbt/local/pricing", target_is_directory=True)
    return tmp_path / "workspace"


def test_a_product_is_built_with_the_packages_and_variables_of_its_project(original: Path, tmp_path: Path) -> None:
    contract = domain_contract(package_of(original), "customer_spend")
    trial = try_product(contract, {"shop.sale": SALES}, home=tmp_path)
    assert trial.publication is not None, trial.broken
    assert sorted(trial.rows.select("customer_id", "total").rows()) == [(1, Decimal("41.00")), (2, Decimal("101.00"))]
    assert "no_negative" in {result.clause.name for result in trial.gate.results}


def test_the_project_is_found_wherever_a_domain_is_read(original: Path) -> None:
    settings = Settings(original, original / "mesh", original / "exports")
    _, loaded = load_domain_of(package_of(original), settings)
    assert loaded is not None
    assert set(loaded.products) == {"customer_spend", "top_customer", "monthly_sale"}
    reads = {(r.port, r.source) for r in workspace_reads(original, readable_contracts(original))}
    assert ("shop.top_customer", "shop.customer_spend") in reads


CHANGES = {
    "a macro of a package": ("local/pricing/macros/price.sql", "+ 1)", "+ 2)"),
    "a macro that a package dispatches to": (
        "local/pricing/macros/price.sql",
        "default__price(x) %}(",
        "default__price(x) %}(0 + ",
    ),
    "a model of a package": ("local/pricing/models/stg_large.sql", ">=", ">"),
    "a variable of a package": ("local/pricing/dbt_project.yml", "fee: 1", "fee: 2"),
    "a variable that the project sets for a package": ("dbt_project.yml", "floor: 0", "floor: 1"),
    "a variable": ("dbt_project.yml", "least: 10", "least: 11"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_code_version_changes_with(root: Path, kind: str) -> None:
    file, old, new = CHANGES[kind]
    path = root / "domains/shop/dbt" / file
    before = versions_of(root)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    after = versions_of(root)
    assert after["customer_spend"] != before["customer_spend"]
    # It reads none of them.
    assert after["top_customer"] == before["top_customer"]
    assert (after["monthly_sale"] != before["monthly_sale"]) == (kind == "a variable")


def test_a_variable_that_no_model_reads_changes_no_code_version_without_packages(root: Path) -> None:
    path = root / "domains/shop/dbt/dbt_project.yml"
    before = versions_of(root)
    path.write_text(path.read_text().replace("unused: 1", "unused: 2"))
    after = versions_of(root)
    assert {name for name in after if after[name] != before[name]} == {"customer_spend"}


def versions_of(root: Path) -> dict[str, str]:
    loaded = load(root)
    models = find_models(loaded.manifest)
    return {
        name: model_code_version(loaded.manifest, models[name], tested.contract)
        for name, tested in loaded.products.items()
    }


EDITS = {
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
def test_what_such_a_project_may_not_hold_is_a_fault(root: Path, kind: str) -> None:
    file, old, new, where, words = EDITS[kind]
    path = root / "domains/shop/dbt" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    (fault,) = faults_of(root)
    assert f"{fault.file}:{fault.line}".endswith(where), str(fault)
    assert words in fault.message


PROFILES = {
    "a database file": "{type: duckdb, path: /tmp/bank.duckdb}",
    "another database": "{type: postgres, host: localhost}",
    "attached": "{type: duckdb, attach: [{path: /tmp/bank.duckdb}]}",
}


@pytest.mark.parametrize("kind", PROFILES)
def test_a_profile_that_is_not_in_memory_is_a_fault(root: Path, kind: str) -> None:
    profile = f"bankmesh:\n  target: candidate\n  outputs:\n    candidate: {PROFILES[kind]}\n"
    (root / "domains/shop/dbt/profiles.yml").write_text(profile)
    (fault,) = faults_of(root)
    assert fault.file.endswith("profiles.yml")
    assert fault.line == 4


def test_a_seed_or_snapshot_at_any_declared_path_is_a_fault(root: Path) -> None:
    own = root / "domains/shop/dbt"
    (own / "dbt_project.yml").write_text("seed-paths: [rates]\n" + (own / "dbt_project.yml").read_text())
    (own / "rates").mkdir()
    (own / "rates/vat.csv").write_text("country,rate\nAT,20\n")
    (fault,) = faults_of(root)
    assert fault.file == str(own / "rates/vat.csv")
    assert "sources/*.yaml" in fault.message


def test_a_project_of_several_domains_must_tell_them_apart(root: Path) -> None:
    other = root / "domains/bar/src/bar"
    shutil.copytree(package_of(root), other)
    (fault,) = faults_of(root)
    assert (fault.file, fault.line) == (str(root / "domains/shop/dbt/dbt_project.yml"), 5)
    assert "bar, shop" in fault.message


def test_a_second_project_of_a_domain_is_a_fault(root: Path) -> None:
    second = package_of(root) / "defs/more/defs.yaml"
    second.parent.mkdir()
    second.write_text("type: bankmesh.DbtDataProducts\n")
    (fault,) = faults_of(root)
    assert fault.file == str(second)


def test_what_dbt_reads_of_its_environment_changes_no_rows(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DBT_EMPTY": "1", "DBT_TARGET": "other", "DBT_ENGINE_EMPTY": "1"}.items():
        monkeypatch.setenv(name, value)
    contract = domain_contract(package_of(original), "customer_spend")
    trial = try_product(contract, {"shop.sale": SALES}, home=tmp_path)
    assert trial.rows.height == 2


def test_a_new_product_is_written_where_the_project_has_its_products(original: Path, tmp_path: Path) -> None:
    assert product_folder(original / "domains/shop/dbt", "shop") == original / "domains/shop/dbt/transform/marts"
    assert product_folder(original / "dbt_project", "shop") == original / "dbt_project/models/shop/products"
    assert product_folder(tmp_path, "shop") == tmp_path / "models/products"


def test_a_local_package_that_is_not_installed_is_named(root: Path) -> None:
    (root / "domains/shop/dbt/dbt_packages/pricing").unlink()
    (fault,) = faults_of(root)
    assert fault.message.startswith("the package pricing is declared and not installed")


def test_a_seed_of_a_package_that_a_product_reads_is_a_fault(root: Path) -> None:
    own = root / "domains/shop/dbt"
    (own / "local/pricing/seeds").mkdir()
    (own / "local/pricing/seeds/vat.csv").write_text("country,rate\nAT,20\n")
    # One that nothing reads is left alone.
    (own / "local/pricing/seeds/unread.csv").write_text("country,rate\nAT,20\n")
    model = own / "local/pricing/models/stg_large.sql"
    model.write_text(model.read_text() + "and 0 < (select count(*) from {{ ref('vat') }})\n")
    (fault,) = faults_of(root)
    assert fault.file == str(own / "dbt_packages/pricing/seeds/vat.csv")
    assert "sources/*.yaml" in fault.message
