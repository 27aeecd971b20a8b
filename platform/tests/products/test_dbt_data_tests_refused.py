"""Data tests that cannot run before publishing are refused at load, each by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dbt_shop import POSITIVE, SINGULAR, load, write
from shop_workspace import write_workspace

from bankmesh.products.dbt.faults.configuration_faults import DbtFaults

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = {
    "a staging model": (
        {
            "models/shop/staging/s.yml": "models:\n  - name: stg_till__sales\n    data_tests:\n      - positive:\n          arguments: {column: sale_id}\n"
        },
        ("models/shop/staging/s.yml", 4, "it tests stg_till__sales, which is no product"),
    ),
    "two products": (
        {"tests/shop/both.sql": "select 1 from {{ ref('monthly_sale') }}, {{ ref('customer_spend') }}"},
        ("tests/shop/both.sql", 1, "it needs customer_spend and monthly_sale"),
    ),
    "another product by relationship": (
        {
            "models/shop/products/m.yml": "models:\n  - name: top_customer\n    columns:\n      - name: customer_id\n        data_tests:\n          - not_null\n          - relationships: {arguments: {to: ref('customer_spend'), field: customer_id}}\n"
        },
        ("models/shop/products/m.yml", 7, "it needs customer_spend and top_customer"),
    ),
    "an input that is not pinned": (
        {
            "tests/shop/other.sql": "select 1 from {{ ref('monthly_sale') }}\nanti join {{ source('shop', 'sale') }} using (sale_id)"
        },
        ("tests/shop/other.sql", 1, "it needs shop.sale, of which no version is pinned for shop.monthly_sale"),
    ),
    "a landing": (
        {"tests/shop/landing.sql": "select 1 from {{ ref('monthly_sale') }}, {{ source('till', 'sale') }}"},
        ("tests/shop/landing.sql", 1, "it needs till.sale"),
    ),
    "no model": ({"tests/shop/one.sql": "select 1 where false"}, ("tests/shop/one.sql", 1, "it reads no model")),
    "a file": (
        {"tests/shop/file.sql": "select 1 from {{ ref('monthly_sale') }}, read_csv('codes.csv')"},
        ("tests/shop/file.sql", 1, "it reads READ_CSV"),
    ),
    "a table by its name": (
        {"tests/shop/name.sql": "select 1 from {{ ref('monthly_sale') }}, main.stg_till__sales"},
        ("tests/shop/name.sql", 1, "it reads main.stg_till__sales"),
    ),
    "stored failures": (
        {"tests/shop/kept.sql": "{{ config(\n  store_failures=true) }} select 1 from {{ ref('monthly_sale') }}"},
        ("tests/shop/kept.sql", 2, "failing rows are not stored"),
    ),
    "a name that a clause has": (
        {"tests/shop/primary_key_unique.sql": "select 1 from {{ ref('monthly_sale') }}"},
        ("tests/shop/primary_key_unique.sql", 1, "there is a check primary_key_unique already"),
    ),
    "a query while it is compiled": (
        {"tests/shop/asks.sql": "{% set n = run_query('select 1') %}select 1 from {{ ref('monthly_sale') }}"},
        ("tests/shop/asks.sql", 1, "it queries the database while it is compiled"),
    ),
    "what does not compile": (
        {
            "tests/shop/broken.sql": "select 1 from {{ ref('monthly_sale') }} where {% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}"
        },
        ("tests/shop/broken.sql", 1, "dbt cannot compile it"),
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DbtFaults]:
    """A workspace with every test that cannot run, and what loading it raises."""
    root = tmp_path_factory.mktemp("refused")
    write_workspace(root)
    write(root, {"macros/shop/positive.sql": POSITIVE, "tests/shop/sound.sql": SINGULAR})
    for files, _ in REFUSED.values():
        write(root, files)
    with pytest.raises(DbtFaults) as caught:
        load(root)
    return root, caught.value


@pytest.mark.parametrize("kind", REFUSED)
def test_a_test_that_cannot_run_before_publishing_is_refused_by_name(
    kind: str, refused: tuple[Path, DbtFaults]
) -> None:
    root, error = refused
    _, (file, line, words) = REFUSED[kind]
    (fault,) = [fault for fault in error.faults if fault.file == str(root / "dbt_project" / file)]
    assert (fault.line, fault.rule) == (line, "dbt-test")
    assert words in fault.message


def test_nothing_else_is_refused(refused: tuple[Path, DbtFaults]) -> None:
    assert len(refused[1].faults) == len(REFUSED)
