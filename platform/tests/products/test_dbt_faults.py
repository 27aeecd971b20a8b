"""dbt configuration that is not honoured: refused when a location loads, each with file and line, all at once."""

from __future__ import annotations

import shutil
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from dbt_shop import Expected, line_of, load, write
from shop_workspace import MODELS, write_workspace

from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location
from bankmesh.products.dbt.faults.configuration_faults import DbtFaults
from bankmesh.products.dbt.faults.project_faults import find_project_faults
from bankmesh.workspace.dbt_project_files import DbtProjectPlace

if TYPE_CHECKING:
    from pathlib import Path

SALE = "select sale_id from {{ source('till', 'sale') }}\n"


# What is written into one workspace, and what is found of it.
FILES = {
    "models/shop/marts/monthly_sale.sql": dedent(MODELS["products/monthly_sale.sql"]),
    "models/shop/products/customer_spend.sql": (
        "{{ config(\n    unique_key='customer_id',\n    pre_hook='select 1',\n    post_hook=['select 1'],\n"
        "    sql_header='select 1;',\n    format='csv'\n) }}\n" + dedent(MODELS["products/customer_spend.sql"])
    ),
    "models/shop/products/customer_spend.yml": """\
        models:
          - name: customer_spend
            config:
              contract: {enforced: true}
              alias: spending
              grants: {select: [everyone]}
            constraints:
              - {type: primary_key, columns: [customer_id]}
            columns:
              - name: sales
                data_type: bigint
              - name: customer_id
                data_type: bigint
                constraints: [{type: not_null}]
        """,
    "models/shop/products/top_customer.sql": "select customer_id, largest_sale_id\nfrom {{ ref('customer_spend') }}\n",
    "models/shop/products/opening_hour.py": "def model(dbt, session):\n    return dbt.source('till', 'hour')\n",
    "models/shop/staging/stg_merged.sql": "{{ config(materialized='incremental') }}\n" + SALE,
    "models/shop/staging/stg_merged_py.py": (
        "def model(dbt, session):\n    dbt.config(\n        materialized='incremental'\n    )\n"
        "    return dbt.source('till', 'sale')\n"
    ),
    "models/shop/staging/stg_outside.sql": "{{ config(materialized='external') }}\n" + SALE,
    "models/shop/staging/stg_elsewhere.sql": SALE,
    "models/shop/staging/stg_where.sql": SALE + "where sale_id > {{\n  env_var('FROM', '0') }}\n",
    "models/shop/staging/stg_versions_vold.sql": SALE,
    "models/shop/products/stock_vnew.sql": SALE,
    "models/shop/staging/stg_hidden.sql": SALE,
    "models/shop/staging/staging.yml": """\
        models:
          - name: stg_elsewhere
            config:
              schema: other
          - name: stg_versions
            latest_version: old
            versions: [{v: old}]
          - name: stock
            versions: [{v: new}]
        snapshots:
          - name: sale_history
            relation: source('till', 'sale')
            config: {unique_key: sale_id, strategy: check, check_cols: all}
        """,
    "models/shop/staging/sources.yml": """\
        version: 2
        sources:
          - name: spreadsheets
            tables: [{name: budget}]
        """,
    ".dbtignore": "stg_hidden.sql\n",
    "macros/shop/more.sql": """\
        {% macro twice(x) %}2 * {{ x }}{% endmacro %}
        {% macro generate_alias_name(custom_alias_name, node) %}{{ node.name }}{% endmacro %}
        {% macro duckdb__get_test_sql(sql, fail_calc, warn_if, error_if, limit) %}{{ sql }}{% endmacro %}
        {% macro day() %}{{ env_var('DAY', '1') }}{% endmacro %}
        {% materialization own, default %}{{ return({'relations': []}) }}{% endmaterialization %}
        """,
}
SPEND, SPEND_YML = "models/shop/products/customer_spend.sql", "models/shop/products/customer_spend.yml"
STAGING, STAGING_YML = "models/shop/staging/", "models/shop/staging/staging.yml"
EXPECTED = (
    Expected("models/shop/marts/monthly_sale.sql", None, "dbt-materialization", "materialized as view"),
    Expected("models/shop/products/opening_hour.py", None, "dbt-materialization", "a product is a model in SQL"),
    Expected(SPEND, "unique_key", "dbt-config", "unique_key is set, but rows are not merged"),
    Expected(SPEND, "pre_hook", "dbt-config", "hooks are not run"),
    Expected(SPEND, "post_hook", "dbt-config", "hooks are not run"),
    Expected(SPEND, "sql_header", "dbt-config", "a statement before the query is not run"),
    Expected(SPEND, "format=", "dbt-config", "format is set, but it is not honoured"),
    Expected(SPEND_YML, "contract:", "dbt-config", "declare them there"),
    Expected(SPEND_YML, "alias:", "dbt-config", "the platform names the tables"),
    Expected(SPEND_YML, "grants:", "dbt-config", "access is governed at the port"),
    Expected(SPEND_YML, "    constraints:\n", "dbt-config", "customer_spend: a constraint is set"),
    Expected(SPEND_YML, "- name: customer_id", "dbt-config", "customer_spend.customer_id: a constraint is set"),
    Expected("models/shop/products/top_customer.sql", "ref(", "dbt-reference", "source('shop', 'customer_spend')"),
    Expected(STAGING + "stg_merged.sql", None, "dbt-materialization", "allowed: view, table, ephemeral"),
    Expected(STAGING + "stg_merged_py.py", "materialized=", "dbt-materialization", "materialized as incremental"),
    Expected(STAGING + "stg_outside.sql", None, "dbt-materialization", "materialized as external"),
    Expected(STAGING + "stg_where.sql", "env_var", "dbt-config", "environment variable"),
    Expected(STAGING + "stg_hidden.sql", None, "dbt-resource", ".dbtignore"),
    Expected(STAGING_YML, "schema: other", "dbt-config", "stg_elsewhere: schema is set"),
    Expected(STAGING_YML, "versions: [{v: new}]", "dbt-config", "stock has the version new"),
    Expected(STAGING_YML, "- name: sale_history", "dbt-resource", "read history from a landing"),
    Expected(STAGING + "sources.yml", "tables: [", "dbt-resource", "spreadsheets.budget is written by hand"),
    Expected("macros/shop/more.sql", "generate_alias_name", "dbt-macro", "would replace one of dbt's own"),
    Expected("macros/shop/more.sql", "duckdb__get_test_sql", "dbt-macro", "would replace one of dbt's own"),
    Expected("macros/shop/more.sql", "macro day", "dbt-macro", "environment variable"),
    Expected("macros/shop/more.sql", "materialization own", "dbt-macro", "a materialization of your own"),
)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DbtFaults]:
    """A workspace with every kind of fault, and what loading it raises."""
    root = tmp_path_factory.mktemp("dbt_faults")
    write_workspace(root)
    (root / "dbt_project/models/shop/products/monthly_sale.sql").unlink()
    write(root, FILES)
    with pytest.raises(DbtFaults) as caught:
        load(root)
    return root, caught.value


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda e: f"{e.file.split('/')[-1]}:{e.on or 1}")
def test_each_fault_is_named_with_file_and_line(faulty: tuple[Path, DbtFaults], expected: Expected) -> None:
    root, error = faulty
    found = [fault for fault in error.faults if expected.words in fault.message and fault.rule == expected.rule]
    places = [(fault.file, fault.line) for fault in found]
    assert (str(root / "dbt_project" / expected.file), line_of(root, expected)) in places


def test_all_faults_of_a_domain_come_at_once_and_no_other(faulty: tuple[Path, DbtFaults]) -> None:
    error = faulty[1]
    assert len(error.faults) == len(EXPECTED), str(error)
    assert str(error).splitlines()[0] == f"{len(EXPECTED)} faults in 13 dbt files:"


def test_a_location_with_such_faults_does_not_load(
    faulty: tuple[Path, DbtFaults], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "stallholder_workspace"
    monkeypatch.syspath_prepend(str(write_workspace(root, "stallholder")))
    model = root / "dbt_project/models/stallholder/products/monthly_sale.sql"
    model.write_text("{{ config(materialized='table') }}\n" + model.read_text())
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    monkeypatch.setenv("MESH_HOME", str(root / "mesh"))
    with pytest.raises(LocationNotLoaded, match=rf"{model}:1: monthly_sale has a contract.*materialized as table"):
        load_location("stallholder", "stallholder.definitions")


PROJECT_FAULTS = {
    "packages": (
        {"packages.yml": "\npackages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n"},
        "packages.yml",
        3,
    ),
    "dependencies": ({"dependencies.yml": "projects:\n  - name: other\n"}, "dependencies.yml", 1),
    "snapshots": ({"snapshots/s.sql": "{% snapshot s %}select 1{% endsnapshot %}"}, "snapshots/s.sql", 1),
    "seeds": ({"seeds/codes.csv": "code\n1\n"}, "seeds/codes.csv", 1),
}
PROJECT_EDITS = {
    "a hook before": ('on-run-start: "{{ open_inputs() }}"', 'on-run-start: ["{{ open_inputs() }}", "select 1"]'),
    "another hook before": ('on-run-start: "{{ open_inputs() }}"', "on-run-start: select 1"),
    "a hook after": ("models:\n", "on-run-end: select 1\nmodels:\n"),
    "seeds of its own": ("seed-paths: []", "seed-paths: [codes]"),
    "models elsewhere": ("model-paths:\n", 'model-paths:\n  - "models/shared"\n'),
}


@pytest.fixture
def project(tmp_path: Path, shop_root: Path) -> DbtProjectPlace:
    """A copy of the shop's dbt project."""
    shutil.copytree(shop_root / "dbt_project", tmp_path / "dbt_project")
    return DbtProjectPlace(tmp_path / "dbt_project", "shop", tmp_path / "target")


@pytest.mark.parametrize("kind", PROJECT_FAULTS)
def test_files_that_are_not_read_are_faults(project: DbtProjectPlace, kind: str) -> None:
    files, file, line = PROJECT_FAULTS[kind]
    assert find_project_faults(project) == ()
    write(project.project.parent, files)
    (fault,) = find_project_faults(project)
    assert (fault.file, fault.line) == (str(project.project / file), line)


@pytest.mark.parametrize("kind", PROJECT_EDITS)
def test_settings_of_the_project_that_are_not_honoured(project: DbtProjectPlace, kind: str) -> None:
    old, new = PROJECT_EDITS[kind]
    file = project.project / "dbt_project.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    (fault,) = find_project_faults(project)
    line = file.read_text()[: file.read_text().index(new)].count("\n") + 1
    assert (fault.file, fault.line, fault.rule) == (str(file), line, "dbt-project")


def test_what_the_folders_of_another_domain_hold_keeps_no_domain_from_loading(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    broken = {
        "macros/bar/broken.sql": "{% macro half(x) %}{{ x / 2 }\n",
        "models/bar/products/broken.sql": "select {{ nonsense( }}\n",
        "models/bar/broken.yml": "models: [{name: nothing, versions: 3\n",
        "tests/bar/broken.sql": "select {{ nothing() }}\n",
    }
    write(tmp_path, broken)
    assert set(load(tmp_path).products) == {"monthly_sale", "customer_spend", "top_customer"}


def test_materialized_from_the_project_file_is_placed_there(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    file = tmp_path / "dbt_project/dbt_project.yml"
    file.write_text(file.read_text().replace("+materialized: product", "+materialized: table"))
    with pytest.raises(DbtFaults) as caught:
        load(tmp_path)
    lines = file.read_text().splitlines()
    assert {(f.file, lines[f.line - 1].strip()) for f in caught.value.faults} == {(str(file), "+materialized: table")}
    assert [f.message.split()[0] for f in caught.value.faults] == ["customer_spend", "monthly_sale", "top_customer"]


def test_a_disabled_product_is_a_fault(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    model = tmp_path / "dbt_project/models/shop/products/top_customer.sql"
    model.write_text("{{ config(\n  enabled=false) }}\n" + model.read_text())
    with pytest.raises(DbtFaults, match=rf"{model}:2: top_customer has a contract and is disabled"):
        load(tmp_path)


def test_what_describes_or_is_not_used_is_no_fault(tmp_path: Path) -> None:
    """Documentation, exposures, groups, disabled steps and harmless keys change no row."""
    write_workspace(tmp_path)
    write(
        tmp_path,
        {
            "models/shop/staging/stg_off.sql": "{{ config(enabled=false) }}\nselect 1 as a\n",
            "models/shop/products/all.yml": """\
                models:
                  - name: monthly_sale
                    description: Sales.
                    access: protected
                    group: tills
                    config: {tags: [till], meta: {owner: shop}, docs: {show: true}, event_time: sold_on}
                    columns: [{name: sale_id, description: Number., data_type: bigint, meta: {a: 1}}]
                groups: [{name: tills, owner: {name: shop}}]
                exposures:
                  - {name: board, type: dashboard, owner: {name: shop}, depends_on: [ref('monthly_sale')]}
                """,
            "models/shop/docs.md": "{% docs sale %}A sale.{% enddocs %}\n",
        },
    )
    assert set(load(tmp_path).products) == {"customer_spend", "monthly_sale", "top_customer"}
