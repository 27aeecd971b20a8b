"""A model in which a name is of two columns: refused at load, by `mesh contract check` and by the build."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from dbt_shop import load, write
from shop_frames import POISONED_SALES, contract_in, pinned_frame
from shop_workspace import write_workspace

from bankmesh.errors import TransformError
from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location
from bankmesh.orchestration.workspace_faults import find_workspace_faults
from bankmesh.products.build_types import BuildRequest
from bankmesh.products.dbt.dbt_build import build_with_dbt
from bankmesh.products.dbt.faults.ambiguous_names import line_numbers
from bankmesh.products.dbt.faults.configuration_faults import DbtFaults
from bankmesh.products.product_definition import ProductInput
from bankmesh.settings import current_settings
from bankmesh.workspace.dbt_project_files import DbtProjectPlace

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.errors import Fault

PRODUCT = "models/shop/products/customer_spend.sql"
STAGING = "models/shop/staging/stg_spend.sql"
SPEND = dedent("""\
    with sales as (
        select
            *,
            amount * 2 as amount
        from {{ source('shop', 'sale') }}
    )

    select
        customer_id, count(*) as sales,
        sum(amount) as total,
        max(sale_id) as largest_sale_id, max(remark) as last_remark
    from sales
    group by customer_id
    """)
ONE_AMOUNT = SPEND.replace("*,\n", "* exclude (amount),\n")
UNREAD = SPEND.replace("amount * 2 as amount", "amount * 2 as voucher")
READS_STAGING = "select *\nfrom {{ ref('stg_spend') }}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace whose models a test changes."""
    write_workspace(tmp_path / "workspace")
    return tmp_path / "workspace"


def faults(root: Path, files: dict[str, str]) -> tuple[Fault, ...]:
    write(root, files)
    with pytest.raises(DbtFaults) as caught:
        load(root)
    return caught.value.faults


def test_a_product_is_refused_with_file_line_name_and_both_places(root: Path) -> None:
    (fault,) = faults(root, {PRODUCT: SPEND})
    assert (fault.file, fault.line, fault.rule) == (str(root / "dbt_project" / PRODUCT), 10, "dbt-repeated-name")
    assert fault.message == (
        "customer_spend: amount names 2 columns of sales: column 4 (line 3) and column 7 (line 4), and is read; DuckDB "
        "takes one of them silently: name each column once, or select only the one that is meant"
    )


@pytest.mark.parametrize("sql", [ONE_AMOUNT, UNREAD], ids=["once", "unread"])
def test_a_product_that_reads_no_such_name_loads(root: Path, sql: str) -> None:
    write(root, {PRODUCT: sql})
    assert "customer_spend" in load(root).products


@pytest.mark.parametrize("materialized", ["view", "table"])
def test_a_model_beneath_a_product_is_refused_in_its_own_file(root: Path, materialized: str) -> None:
    config = f"{{{{ config(\n  materialized='{materialized}'\n) }}}}\n"
    (fault,) = faults(root, {PRODUCT: READS_STAGING, STAGING: config + SPEND})
    assert (fault.file, fault.line) == (str(root / "dbt_project" / STAGING), 13)
    assert "column 4 (line 6) and column 7 (line 7)" in fault.message


def test_a_model_whose_own_result_has_a_name_twice_is_refused(root: Path) -> None:
    result = SPEND.replace("sum(amount) as total", "1 as total,\n    2 as Total")
    (fault,) = faults(root, {PRODUCT: READS_STAGING, STAGING: result})
    assert (fault.file, fault.line) == (str(root / "dbt_project" / STAGING), 10)
    assert (
        "stg_spend: total names 2 columns of the result: column 3 (line 10) and column 4 (line 11); " in fault.message
    )


def test_an_ephemeral_model_is_refused_if_the_name_is_read(root: Path) -> None:
    ephemeral = "{{ config(materialized='ephemeral') }}\n" + ONE_AMOUNT.replace(
        "max(remark)", "sum(amount) as sales, max(remark)"
    )
    columns = "customer_id, total, largest_sale_id, last_remark"
    unread = f"select {columns}, 1 as sales from {{{{ ref('stg_spend') }}}}\n"
    write(root, {PRODUCT: unread, STAGING: ephemeral})
    assert "customer_spend" in load(root).products
    (fault,) = faults(root, {PRODUCT: unread.replace("1 as sales", "sales")})
    assert fault.file == str(root / "dbt_project" / PRODUCT)
    assert "customer_spend: sales names 2 columns of __dbt__cte__stg_spend" in fault.message


def test_a_model_that_does_not_compile_hides_no_fault_of_another_one(root: Path) -> None:
    broken = "{% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}select 1 as sale_id\n"
    (fault,) = faults(root, {PRODUCT: SPEND, "models/shop/products/monthly_sale.sql": broken})
    assert fault.line == 10


def test_an_edit_is_seen_at_the_next_load(root: Path) -> None:
    write(root, {PRODUCT: ONE_AMOUNT})
    load(root)
    faults(root, {PRODUCT: SPEND})
    write(root, {PRODUCT: ONE_AMOUNT})
    load(root)


def test_the_location_does_not_load_and_the_check_of_contracts_lists_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "stand_workspace"
    monkeypatch.syspath_prepend(str(write_workspace(root, "stand")))
    model = root / "dbt_project/models/stand/products/customer_spend.sql"
    model.write_text(SPEND.replace("shop", "stand"))
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    monkeypatch.setenv("MESH_HOME", str(root / "mesh"))
    with pytest.raises(LocationNotLoaded, match=rf"{model}:10: customer_spend: amount names 2 columns of sales"):
        load_location("stand", "stand.definitions")
    found = [fault for fault in find_workspace_faults(current_settings(root)) if fault.rule == "dbt-repeated-name"]
    assert [(fault.file, fault.line) for fault in found] == [(str(model), 10)]


@pytest.mark.parametrize(("file", "model"), [(PRODUCT, "customer_spend"), (STAGING, "stg_spend")])
def test_the_build_refuses_before_it_writes(root: Path, tmp_path: Path, file: str, model: str) -> None:
    load(root)
    write(root, {PRODUCT: READS_STAGING, file: SPEND})
    target = tmp_path / "candidate"
    target.mkdir()
    request = BuildRequest(
        {"shop.sale": pinned_frame(ProductInput("shop", "sale"), POISONED_SALES, tmp_path)}, target, None
    )
    place = DbtProjectPlace(root / "dbt_project", "shop", root / "mesh/dbt/shop")
    with pytest.raises(TransformError) as caught:
        build_with_dbt(place, "customer_spend", contract_in(root, "customer_spend"), request)
    assert f"shop.customer_spend: model {model}: amount names 2 columns of sales: column 4 (line 3 of" in str(
        caught.value
    )
    assert not list(target.iterdir())


def test_lines_of_compiled_sql_are_lines_of_the_model_where_that_can_be_told() -> None:
    source = "{{ config(x=1) }}\nselect\n  a,\n{% for n in [1, 2] %}\n  {{ n }} as b,\n{% endfor %}\n  c\nfrom {{ ref('d') }}"
    compiled = "\nselect\n  a,\n\n  1 as b,\n\n  2 as b,\n\n  c\nfrom e"
    found = line_numbers(compiled, source)
    assert {line: found[line] for line in (2, 3, 9, 10)} == {2: 2, 3: 3, 9: 7, 10: 8}
    assert 7 not in found
