"""What keeps dbt from parsing or compiling a domain's models: found when its location loads, each with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dbt_shop import Expected, assert_found, faults_of, line_of, load, write
from shop_workspace import MODELS, write_workspace

from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location

if TYPE_CHECKING:
    from pathlib import Path

MARTS, STAGING, MACROS = "models/shop/marts/", "models/shop/staging/", "macros/shop/more.sql"
YAML = "models/shop/marts/marts.yml"


# --- What dbt stops at: it names the first one, and its files show the others ----------------------------------------

UNREADABLE = {
    MARTS + "broken.sql": "select\n  {{ 1 + }}\n",
    MARTS + "unclosed.sql": "select 1\n{% if target %}\n",
    MARTS + "history.sql": "\n{% snapshot sale_history %}\nselect 1\n{% endsnapshot %}\n",
    MARTS
    + "regional.sql": "select *\nfrom {{ ref('customer_360') }}, {{ ref('hour') }}\njoin {{ ref('other_project', 'party') }}\n",
    MARTS
    + "late.sql": "select *\nfrom {{ ref('sale') }}\njoin {{ ref('postcodes') }}\njoin {{ ref('stg_till_sales') }}\n",
    MARTS + "python.py": "def model(dbt, session):\n    return dbt.ref(\n",
    MARTS + "python_reads.py": "def model(dbt, session):\n    one = 1\n    return dbt.ref('best_sale')\n",
    MARTS + "postcodes.csv": "code\n1\n",
    YAML: "models:\n  - name: late\n   tests: [\n",
    STAGING + "sources.yml": """\
        sources:
          - name: till
            tables:
              - name: hour
              - name: sale
          - name: sheets
            tables:
              - name: budget
        """,
    STAGING + "sources_again.yml": "sources:\n  - name: sheets\n    tables:\n      - name: budget\n",
    MACROS: "{% macro fine() %}1{% endmacro %}\n\n{% macro broken() %}\n  {{ 1 + }}\n{% endmacro %}\n",
    "tests/shop/no_sale.sql": "select *\nfrom {{ ref('monthly_sales') }}\n",
}
SHOWN = [
    Expected(MARTS + "broken.sql", "{{ 1 +", "dbt-syntax", "not valid Jinja: unexpected 'end of print statement'"),
    Expected(MARTS + "unclosed.sql", "{% if", "dbt-syntax", "Unexpected end of template"),
    Expected(MARTS + "history.sql", "{% snapshot", "dbt-resource", "sale_history: snapshots keep state between runs"),
    Expected(
        MARTS + "regional.sql", "from", "dbt-reference", "there is no model customer_360 in the domain shop. Did you"
    ),
    Expected(
        MARTS + "regional.sql", "from", "dbt-reference", "hour is a legacy object of till; write source('till', 'hour')"
    ),
    Expected(MARTS + "regional.sql", "join", "dbt-reference", "models of other projects are not read. Read a product"),
    Expected(
        MARTS + "late.sql",
        "from",
        "dbt-reference",
        "sale is a product of the domain shop; write source('shop', 'sale')",
    ),
    Expected(MARTS + "late.sql", "ref('postcodes')", "dbt-reference", "postcodes is a seed, and seeds are not loaded"),
    Expected(MARTS + "late.sql", "ref('stg_till_sales')", "dbt-reference", "Did you mean stg_till__sales?"),
    Expected(MARTS + "python.py", "dbt.ref(", "dbt-syntax", "not valid Python: '(' was never closed"),
    Expected(MARTS + "python_reads.py", "dbt.ref", "dbt-reference", "there is no model best_sale in the domain shop"),
    Expected(YAML, "tests: [", "dbt-syntax", "cannot be read as YAML"),
    Expected(STAGING + "sources.yml", "- name: hour", "dbt-resource", "source till.hour is written by hand"),
    Expected(STAGING + "sources.yml", "- name: sale", "dbt-resource", "this one too: delete the entry"),
    Expected(STAGING + "sources.yml", "- name: budget", "dbt-resource", "Declare the file or table in sources/*.yaml"),
    Expected(
        STAGING + "sources_again.yml", "- name: budget", "dbt-resource", "source sheets.budget is written by hand"
    ),
    Expected(MACROS, "{{ 1 +", "dbt-syntax", "not valid Jinja"),
    Expected("tests/shop/no_sale.sql", "from", "dbt-reference", "Did you mean monthly_sale?"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace of the shop's own."""
    write_workspace(tmp_path)
    return tmp_path


def test_all_that_the_files_show_is_reported_at_once(shop: Path) -> None:
    write(shop, UNREADABLE)
    assert_found(shop, SHOWN)


def test_a_product_of_another_domain_is_named_as_a_source(shop: Path) -> None:
    """A `ref()` knows no domain, so it is the product's domain that the message adds."""
    contract = shop / "domains/shop/src/shop/contracts/opening_hour.odcs.yaml"
    other = shop / "domains/bank/src/bank/contracts/customer_360.odcs.yaml"
    other.parent.mkdir(parents=True)
    other.write_text(contract.read_text().replace("opening_hour", "customer_360").replace("shop", "bank"))
    (other.parents[1] / "definitions.py").write_text("")
    write(
        shop,
        {MARTS + "regional.sql": "select *\nfrom {{ ref('customer_360') }}\njoin {{ ref('bank', 'customer_360') }}\n"},
    )
    words = "customer_360 is a product of the domain bank; write source('bank', 'customer_360')"
    assert_found(
        shop,
        [
            Expected(MARTS + "regional.sql", "from", "dbt-reference", words),
            Expected(MARTS + "regional.sql", "join", "dbt-reference", words),
        ],
    )


# What only dbt finds, one at a time.
ONLY_DBT: dict[str, tuple[dict[str, str], list[Expected]]] = {
    "a reference in a macro": (
        {
            MACROS: "{% macro best() %}\n  {{ ref('best_sale') }}\n{% endmacro %}\n",
            MARTS + "late.sql": "select * from {{ best() }}\n",
        },
        [Expected(MACROS, "ref(", "dbt-reference", "there is no model best_sale")],
    ),
    "a version": (
        {MARTS + "late.sql": "select *\nfrom {{ ref('stg_till__sales', v=2) }}\n"},
        [Expected(MARTS + "late.sql", "ref(", "dbt-reference", "the model stg_till__sales has no version 2")],
    ),
    "a disabled model": (
        {
            MARTS + "late.sql": "select *\nfrom {{ ref('off') }}\n",
            MARTS + "off.sql": "{{ config(enabled=false) }}\nselect 1 as a\n",
        },
        [
            Expected(
                MARTS + "late.sql", "ref(", "dbt-reference", "the model off is disabled; enable it, or read another"
            )
        ],
    ),
    "an exposure": (
        {
            YAML: "exposures:\n  - name: board\n    type: dashboard\n    owner: {name: shop}\n    depends_on: [ref('best_sale')]\n"
        },
        [Expected(YAML, "depends_on", "dbt-reference", "there is no model best_sale")],
    ),
    "a source whose name is put together": (
        {MARTS + "late.sql": "{% set table = 'sal' %}\nselect *\nfrom {{ source('shop', table) }}\n"},
        [Expected(MARTS + "late.sql", "source(", "dbt-reference", "source('shop', 'sal') is not declared")],
    ),
    "a variable in YAML": (
        {YAML: "models:\n  - name: top_customer\n    config:\n      enabled: \"{{ var('is_open') }}\"\n"},
        [Expected(YAML, "var(", "dbt-variable", "declare is_open under vars in dbt_project.yml")],
    ),
    "Jinja in YAML": (
        {YAML: 'models:\n  - name: top_customer\n    config:\n      enabled: "{{ 1 + }}"\n'},
        [Expected(YAML, "enabled", "dbt-syntax", "not valid Jinja")],
    ),
    "a macro in a macro": (
        {MACROS: "{% macro one() %}\n  {{ two() }}\n{% endmacro %}\n", MARTS + "late.sql": "select {{ one() }} as a\n"},
        [Expected(MACROS, "two()", "dbt-macro", "there is no macro two. Write it in macros/")],
    ),
    "a package in a macro": (
        {
            MACROS: "{% macro one() %}\n  {{ dbt_utils.star(1) }}\n{% endmacro %}\n",
            MARTS + "late.sql": "select {{ one() }}\n",
        },
        [Expected(MACROS, "dbt_utils", "dbt-macro", "there is no package dbt_utils, so there is no macro star of it")],
    ),
    "a macro in a setting of a test": (
        {
            YAML: 'models:\n  - name: top_customer\n    data_tests:\n      - unique: {column_name: a, where: "{{ recent() }}"}\n'
        },
        [Expected(YAML, "recent()", "dbt-macro", "there is no macro recent")],
    ),
    "a dispatch": (
        {
            MACROS: "{% macro one() %}\n  {{ adapter.dispatch('two')() }}\n{% endmacro %}\n",
            MARTS + "late.sql": "select {{ one() }}\n",
        },
        [Expected(MACROS, "dispatch", "dbt-macro", "finds no macro default__two or duckdb__two")],
    ),
    "two models": (
        {MARTS + "monthly_sale.sql": "select 1 as a\n"},
        [
            Expected(MARTS + "monthly_sale.sql", None, "dbt-name", "the model monthly_sale exists twice"),
            Expected(
                "models/shop/products/monthly_sale.sql",
                None,
                "dbt-name",
                "rename this one or the one in models/shop/marts",
            ),
        ],
    ),
    "two macros": (
        {
            MACROS: "{# #}\n{% macro one() %}1{% endmacro %}\n",
            "macros/shop/again.sql": "{% macro one() %}1{% endmacro %}\n",
        },
        [
            Expected(MACROS, "macro one", "dbt-name", "there are two macros one"),
            Expected("macros/shop/again.sql", "macro one", "dbt-name", "the one in more.sql"),
        ],
    ),
    "two descriptions": (
        {YAML: "models:\n  - name: top_customer\n  - description: Again.\n    name: top_customer\n"},
        [
            Expected(
                YAML, "- description", "dbt-name", "top_customer is described twice; merge this entry with the one in"
            )
        ],
    ),
    "a reference in Python that is put together": (
        {MARTS + "late.py": "def model(dbt, session):\n    name = 'a'\n    return dbt.ref(name)\n"},
        [Expected(MARTS + "late.py", "dbt.ref", "dbt-syntax", "write literal texts")],
    ),
    "a setting of the wrong type": (
        {MARTS + "late.sql": "{{ config(\n  enabled='maybe'\n) }}\nselect 1 as a\n"},
        [Expected(MARTS + "late.sql", "enabled", "dbt-parse", "'maybe' is not of type 'boolean'")],
    ),
    "an environment variable": (
        {MARTS + "late.sql": "select\n  {{ env_var('SHOP_DAY') }} as a\n"},
        [Expected(MARTS + "late.sql", "env_var", "dbt-variable", "the environment variable SHOP_DAY is not set")],
    ),
    "a block of documentation": (
        {YAML: "models:\n  - name: top_customer\n    description: \"{{ doc('best') }}\"\n"},
        [Expected(YAML, "doc(", "dbt-reference", "there is no block best of documentation")],
    ),
    "what nobody has put in words, with its file": (
        {MARTS + "late.sql": "{{ exceptions.raise_compiler_error('not today') }}\n"},
        [Expected(MARTS + "late.sql", None, "dbt-parse", "dbt does not parse this: not today")],
    ),
    "a property of YAML": (
        {YAML: "\nmodels:\n  name: top_customer\n"},
        [Expected(YAML, "models:", "dbt-parse", "the value of 'models' is not a list")],
    ),
}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that dbt has parsed once, so that it parses only what a test changes."""
    root = tmp_path_factory.mktemp("parsed")
    write_workspace(root)
    load(root)
    return root


@pytest.mark.parametrize("kind", ONLY_DBT)
def test_what_dbt_finds_comes_with_file_and_line(parsed: Path, kind: str) -> None:
    files, expected = ONLY_DBT[kind]
    write(parsed, files)
    try:
        assert_found(parsed, expected)
    finally:
        for name in files:
            (parsed / "dbt_project" / name).unlink()


def test_a_project_file_that_is_no_yaml_or_has_an_unknown_key(shop: Path) -> None:
    file = shop / "dbt_project/dbt_project.yml"
    text = file.read_text()
    file.write_text(text.replace("macro-paths:", "macro-path:"))
    assert_found(shop, [Expected("dbt_project.yml", "macro-path:", "dbt-parse", "'macro-path' was unexpected")])
    file.write_text(text + "vars: }\n")
    [(name, line, rule, message)] = faults_of(shop)
    assert (name, rule) == ("dbt_project.yml", "dbt-syntax")
    assert line == line_of(shop, Expected(name, "vars: }", "", ""))
    assert "cannot be read as YAML" in message


def test_seeds_and_functions_at_other_paths_are_named_one_by_one(shop: Path) -> None:
    file = shop / "dbt_project/dbt_project.yml"
    file.write_text(file.read_text().replace("seed-paths: []", "seed-paths: [codes]\nfunction-paths: [sql]"))
    write(shop, {"codes/postcode.csv": "code\n1\n", "sql/twice.sql": "select 1\n"})
    assert_found(
        shop,
        [
            Expected("dbt_project.yml", "seed-paths", "dbt-project", "seed-paths must be []"),
            Expected("dbt_project.yml", "function-paths", "dbt-project", "function-paths must be []"),
            Expected(
                "codes/postcode.csv", None, "dbt-resource", "declare the file as a legacy object in sources/*.yaml"
            ),
            Expected("sql/twice.sql", None, "dbt-resource", "functions are not created; write a macro"),
        ],
    )


def test_what_names_a_model_and_no_file_comes_with_the_file_of_the_model(shop: Path) -> None:
    """Not in a project that was parsed before: there dbt itself does not look at groups again."""
    groups = "groups: [{name: tills, owner: {name: shop}}]\n"
    write(shop, {YAML: groups + "models:\n  - {name: stg_till__sales, access: private, group: tills}\n"})
    reader = "models/shop/products/monthly_sale.sql"
    assert_found(shop, [Expected(reader, None, "dbt-parse", "the referenced node is private to the 'tills' group")])


# --- Who hears of it -------------------------------------------------------------------------------------------------


def test_the_location_reports_the_faults_and_loads_once_they_are_fixed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(write_workspace(tmp_path, "newsstand")))
    model = tmp_path / "dbt_project/models/newsstand/products/monthly_sale.sql"
    sound = model.read_text()
    model.write_text("select *\nfrom {{ ref('sale') }}\n")
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "mesh"))
    with pytest.raises(LocationNotLoaded) as caught:
        load_location("newsstand", "newsstand.definitions")
    words = "ref('sale'): sale is a product of the domain newsstand; write source('newsstand', 'sale') [dbt-reference]"
    assert (
        str(caught.value) == f"The code location newsstand does not load.\n1 fault in 1 dbt file:\n  {model}:2: {words}"
    )
    model.write_text(sound)
    assert load_location("newsstand", "newsstand.definitions").name == "newsstand"


def test_a_product_reads_a_product_with_ref_in_two_arguments_or_with_a_version(shop: Path) -> None:
    product = "models/shop/products/top_customer.sql"
    write(
        shop, {product: "select customer_id, largest_sale_id\nfrom {{ ref('bankmesh_products', 'customer_spend') }}\n"}
    )
    assert_found(shop, [Expected(product, "ref(", "dbt-reference", "source('shop', 'customer_spend')")])
    write(
        shop,
        {
            product: "select customer_id, largest_sale_id\nfrom {{ ref('customer_spend', v=1) }}\n",
            YAML: "models:\n  - name: customer_spend\n    versions: [{v: 1, defined_in: customer_spend}]\n",
        },
    )
    assert_found(shop, [Expected(product, "ref(", "dbt-reference", "source('shop', 'customer_spend')")])
    (shop / "dbt_project" / YAML).unlink()
    write(shop, {product: MODELS["products/top_customer.sql"]})
    assert "top_customer" in load(shop).products
