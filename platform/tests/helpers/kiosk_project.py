"""A shop whose dbt models are in a project of the domain's own, with a package, variables and folders of its choice."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from textwrap import dedent
from typing import TYPE_CHECKING

import polars as pl
import pytest
from shop_workspace import MODELS, write_workspace

from bankmesh.products.dbt.dbt_code_versions import model_code_version
from bankmesh.products.dbt.dbt_domain import DbtDomain, load_dbt_domain
from bankmesh.products.dbt.dbt_models import dbt_environment, find_models
from bankmesh.products.dbt.faults.configuration_faults import DbtFaults
from bankmesh.products.domain_package import read_domain
from bankmesh.workspace.dbt_project_files import DbtProjectPlace, find_dbt_project

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


def write_kiosk(root: Path) -> Path:
    """The workspace, its project in the domain's folder with the package installed; the shared one holds nothing of it."""
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


def copy_kiosk(original: Path, root: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(original, root, symlinks=True)
    shutil.rmtree(root / "mesh")
    link = root / "domains/shop/dbt/dbt_packages/pricing"
    link.unlink()
    link.symlink_to(root / "domains/shop/dbt/local/pricing", target_is_directory=True)
    return root


def versions_of(root: Path) -> dict[str, str]:
    loaded = load(root)
    models = find_models(loaded.manifest)
    return {
        name: model_code_version(loaded.manifest, models[name], tested.contract)
        for name, tested in loaded.products.items()
    }


@pytest.fixture(scope="session")
def kiosk_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace, made once and left as it is."""
    return write_kiosk(tmp_path_factory.mktemp("kiosk") / "workspace")


@pytest.fixture
def kiosk(kiosk_original: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return copy_kiosk(kiosk_original, tmp_path / "workspace")
