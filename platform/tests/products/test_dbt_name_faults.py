"""Names of variables and macros that dbt lets through and a run would fail at: found when the location loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dbt_shop import Expected, assert_found, load, write
from shop_workspace import write_workspace

if TYPE_CHECKING:
    from pathlib import Path

MARTS, STAGING, MACROS = "models/shop/marts/", "models/shop/staging/", "macros/shop/more.sql"
YAML = "models/shop/marts/marts.yml"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The shop's workspace."""
    write_workspace(tmp_path)
    return tmp_path


NAMELESS = {
    MARTS
    + "late.sql": "\n\nselect\n  {{ var('rate') }},\n  {{ twice(1) }},\n  {{ dbt.nope() }},\n  {{ dbt_utils.star(1) }}\n",
    MARTS + "graphs.sql": "select 1 as a\n{% for node in graph.nodes %}{% endfor %}\n-- {{ shop.name }}\n",
    MARTS + "uses.sql": "select {{ one() }} as a\n",
    MARTS + "left.sql": "select * from {{ ref('right') }}\n",
    MARTS + "right.sql": "select *\nfrom {{ ref('left') }}\n",
    MACROS: (
        "{% macro one() %}\n  {% if execute %}{{ var('limit') }}{{ two() }}{% endif %}\n{% endmacro %}\n"
        "{% macro two() %}\n  {{ three() }}\n{% endmacro %}\n"
        "{% macro unused() %}{{ var('other') }}{{ four() }}{% endmacro %}\n"
    ),
    YAML: """\
        models:
          - name: top_customer
            columns:
              - name: customer_id
                data_tests:
                  - is_round
                  - dbt_utils.at_least_one
                  - relationships:
                      arguments: {to: ref('best_sale'), field: sale_id}
          - name: top_customers
            data_tests: [unique]
        unit_tests:
          - name: counts
            model: top_customer
            given:
              - input: ref('worst_sale')
                rows: []
            expect: {rows: []}
        seeds: [{name: postcodes}]
        snapshots:
          - name: sale_history
            relation: source('till', 'sale')
            config: {unique_key: sale_id, strategy: check, check_cols: all}
        functions: [{name: halve, returns: {data_type: int}}]
        """,
    "tests/shop/no_sale.sql": "select *\nfrom {{ source('shop', 'sale') }}\nwhere amount > {{ var('most') }}\n",
}
FAILING = [
    Expected(MARTS + "late.sql", "var(", "dbt-variable", "var('rate') has no value: declare rate under vars"),
    Expected(MARTS + "late.sql", "twice(", "dbt-macro", "there is no macro twice."),
    Expected(MARTS + "late.sql", "dbt.nope", "dbt-macro", "the package dbt has no macro nope."),
    Expected(MARTS + "late.sql", "dbt_utils", "dbt-macro", "there is no package dbt_utils"),
    Expected(MARTS + "graphs.sql", "graph.nodes", "dbt-reference", "graph holds all models of the project"),
    Expected(MARTS + "graphs.sql", "shop.name", "dbt-macro", "shop is not defined in dbt's context"),
    Expected(
        MARTS + "left.sql", "ref(", "dbt-reference", "left reads right reads left: none of them can be built first"
    ),
    Expected(MACROS, "var('limit')", "dbt-variable", "var('limit') has no value"),
    Expected(MACROS, "three()", "dbt-macro", "there is no macro three."),
    Expected(YAML, "- is_round", "dbt-macro", "there is no generic test is_round."),
    Expected(
        YAML, "- dbt_utils", "dbt-macro", "there is no package dbt_utils, so there is no generic test at_least_one"
    ),
    Expected(YAML, "to: ref", "dbt-reference", "does not run: ref('best_sale'): there is no model best_sale"),
    Expected(YAML, "input: ref", "dbt-reference", "counts does not run: ref('worst_sale')"),
    Expected(YAML, "- name: top_customers", "dbt-reference", "ref('top_customers'): there is no model top_customers"),
    Expected(YAML, "seeds:", "dbt-resource", "postcodes: seeds are not loaded"),
    Expected(YAML, "- name: sale_history", "dbt-resource", "sale_history: snapshots keep state"),
    Expected(YAML, "functions:", "dbt-resource", "halve: functions are not created; write a macro"),
    Expected("tests/shop/no_sale.sql", "var(", "dbt-variable", "var('most') has no value"),
]


def test_names_that_mean_nothing_are_found_where_they_are_written(shop: Path) -> None:
    write(shop, NAMELESS)
    assert_found(shop, FAILING)


def test_what_means_something_is_no_fault(shop: Path) -> None:
    """Names of dbt, of Jinja, of the project and of the code itself; defaults, guards, and what nobody uses."""
    model = """\
        {% macro inner(x) %}{{ x }}{% endmacro %}
        {% set read = ref %}
        {% set bounds = namespace(low=1) %}
        select
            {{ exact_mean(1, 2) }}, {{ bankmesh_products.exact_mean(1, 2) }}, {{ dbt.type_string() }},
            {{ var('rate', 2) }}, {{ var('declared') }}, {{ var('of_project') }}, {{ var('bankmesh').partitions }},
            {% if var.has_var('maybe') %}{{ var('maybe') }}{% endif %}
            {% if hidden is defined %}{{ hidden() }}{{ hidden.name }}{% endif %}
            {% call wrap(inner) %}{{ bounds.low }}{% endcall %}, {{ target.name }}, {{ adapter.quote('a') }},
            {% for n in range(2) %}{{ n.real }}{{ loop.index }}{% endfor %} {{ modules.datetime.date.today() }}
        from {{ read('stg_till__sales') }}, {{ builtins.ref('stg_till__sales') }}
        """
    macros = """\
        {% macro wrap(f) %}{{ f(1) }}{{ caller() }}{{ varargs | length }}{{ run_query('select 1') }}{% endmacro %}
        {% macro unused() %}{{ nobody() }}{{ var('nothing') }}{{ graph.nodes }}{% endmacro %}
        """
    write(shop, {MARTS + "late.sql": model, MACROS: macros, YAML: "# ref('gone')\nmodels:\n  - name: late\n"})
    file = shop / "dbt_project/dbt_project.yml"
    file.write_text(file.read_text() + "vars:\n  declared: 1\n  bankmesh_products: {of_project: 2}\n")
    assert "monthly_sale" in load(shop).products
