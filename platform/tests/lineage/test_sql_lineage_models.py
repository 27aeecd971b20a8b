"""Lineage of dbt models one after another, and the way that a column took through them."""

from __future__ import annotations

import pytest

from bankmesh.lineage.model import ColumnRef, TransformationSubtype
from bankmesh.lineage.sql import CompiledModel, TableNotDescribed, lineage_of_models, lineage_of_query, path

SCHEMAS = {
    "till.sale": {"id": "BIGINT", "customer": "BIGINT", "paid": "VARCHAR", "tags": "VARCHAR[]", "void": "BOOLEAN"},
    "crm.client": {"client": "BIGINT", "name": "VARCHAR"},
}
STAGING = """
with source as (select * from "memory"."till"."sale")
select id as sale_id, customer, cast(paid as decimal(18, 2)) as amount, tags from source where not void
"""
BY_CUSTOMER = """
select customer, sum(amount) as total, count(*) as sales from "memory"."main"."stg_sale" group by customer
"""
PRODUCT = """
select name, total, case when sales > 1 then 'MANY' else 'ONE' end as loyalty
from "memory"."main"."int_by_customer" as made
inner join "memory"."crm"."client" on made.customer = client.client
order by name
"""
MODELS = [
    CompiledModel(name, f'"memory"."main"."{name}"', sql)
    for name, sql in [("stg_sale", STAGING), ("int_by_customer", BY_CUSTOMER), ("spending", PRODUCT)]
]


@pytest.fixture(scope="module")
def spending():
    return lineage_of_models(MODELS, "spending", SCHEMAS)


def plain(found) -> set[str]:
    return {f"{d.how} {d.source}" for d in found}


def test_the_product_is_told_in_terms_of_what_the_first_models_read(spending):
    assert {name: plain(found) for name, found in spending.lineage.columns.items()} == {
        "name": {"IDENTITY crm.client.name"},
        "total": {"AGGREGATION till.sale.paid"},
        "loyalty": set(),
    }
    assert plain(spending.lineage.rows) == {
        "FILTER till.sale.void",
        "GROUP_BY till.sale.customer",
        "JOIN till.sale.customer",
        "JOIN crm.client.client",
        "SORT crm.client.name",
    }


def test_each_model_is_told_in_terms_of_what_it_reads_itself(spending):
    assert list(spending.steps) == ["stg_sale", "int_by_customer", "spending"]
    assert plain(spending.steps["stg_sale"].columns["amount"]) == {"TRANSFORMATION till.sale.paid"}
    assert plain(spending.steps["int_by_customer"].columns["total"]) == {"AGGREGATION stg_sale.amount"}
    assert plain(spending.steps["spending"].columns["total"]) == {"IDENTITY int_by_customer.total"}
    assert spending.read["spending"] == {"int_by_customer", "crm.client"}


def test_the_way_of_a_value_goes_through_every_model(spending):
    assert path(spending, ColumnRef("till.sale", "paid"), "total") == [
        "till.sale.paid",
        "stg_sale.amount",
        "int_by_customer.total",
        "spending.total",
    ]


def test_where_no_value_is_passed_on_the_way_of_its_influence_is_shown(spending):
    assert path(spending, ColumnRef("till.sale", "void"), "total") == [
        "till.sale.void",
        "stg_sale.amount",
        "int_by_customer.total",
        "spending.total",
    ]


def test_rows_of_a_model_of_which_no_column_is_named_are_a_stop_on_the_way():
    counted = CompiledModel(
        "counted", '"memory"."main"."counted"', 'select count(*) as n from "memory"."main"."stg_sale"'
    )
    lineage = lineage_of_models([MODELS[0], counted], "counted", SCHEMAS)
    assert plain(lineage.lineage.rows) == {"FILTER till.sale.void"}
    assert path(lineage, ColumnRef("till.sale", "void"), "n") == ["till.sale.void", "stg_sale.*", "counted.n"]


def test_there_is_no_way_from_what_a_column_does_not_depend_on(spending):
    assert path(spending, ColumnRef("till.sale", "tags"), "total") == []


def test_models_say_together_what_one_query_with_all_of_them_says(spending):
    """The same queries as common table expressions of one: composing loses nothing and adds nothing."""
    ctes = ", ".join(f"{model.name} as ({model.sql})" for model in MODELS[:-1])
    one = f"with {ctes} {PRODUCT}".replace('"memory"."main".', "")
    assert lineage_of_query(one, SCHEMAS) == spending.lineage


def test_what_one_model_cannot_tell_is_underivable_where_a_later_one_uses_it():
    models = [
        CompiledModel("wide", "main.wide", "pivot (select customer, void, id from till.sale) on void using count(*)"),
        CompiledModel("late", "main.late", 'select customer, "true" as voided from main.wide'),
    ]
    lineage = lineage_of_models(models, "late", SCHEMAS).lineage
    assert plain(lineage.columns["customer"]) == {"IDENTITY till.sale.customer"}
    assert list(lineage.underivable) == ["voided"]
    assert "PIVOT" in lineage.underivable["voided"]


def test_types_pass_from_model_to_model_and_unnamed_columns_get_duckdbs_names():
    models = [
        CompiledModel("first", '"memory"."main"."first"', "select id, tags from till.sale"),
        CompiledModel("second", '"memory"."main"."second"', 'select id, unnest(tags) from "memory"."main"."first"'),
        CompiledModel("third", '"memory"."main"."third"', 'select max(id) + 1, "unnest(tags)" from "memory"."main"."second" group by 2'),
    ]  # fmt: skip
    lineage = lineage_of_models(models, "third", SCHEMAS).lineage
    assert {name: {d.how for d in found} for name, found in lineage.columns.items()} == {
        "(max(id) + 1)": {TransformationSubtype.AGGREGATION},
        "unnest(tags)": {TransformationSubtype.TRANSFORMATION},
    }


def test_a_model_that_is_not_among_them_is_not_described():
    with pytest.raises(TableNotDescribed) as caught:
        lineage_of_models(MODELS[1:], "spending", SCHEMAS)
    assert caught.value.table == "memory.main.stg_sale"
