"""What is set in dbt and changes no row is used, or named as not used with file and line: nothing is passed over."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from dbt_shop import load, write
from hypothesis import given
from hypothesis import strategies as st
from shop_workspace import REPOSITORY, write_workspace

from bankmesh.contracts.coverage import coverage
from bankmesh.products.dbt import configuration_points
from bankmesh.products.dbt.dbt_models import find_models
from bankmesh.products.dbt.unused_configuration import find_dbt_coverage
from bankmesh.workspace.recorded_dbt_coverage import read_dbt_coverage

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.coverage import Coverage
    from bankmesh.products.dbt.dbt_domain import DbtDomain

MONTHLY, MONTHLY_YML = "models/shop/products/monthly_sale.sql", "models/shop/products/monthly_sale.yml"
STAGING_YML = "models/shop/staging/staging.yml"
FILES = {
    MONTHLY: """\
        {{ config(
            event_time='sold_on',
            full_refresh=false
        ) }}
        select sale_id, cast(date_trunc('month', sold_on) as date) as month, sold_on, amount
        from {{ ref('stg_till__sales') }}
        """,
    MONTHLY_YML: """\
        version: 2
        groups:
          - name: sales_team
            owner: {name: Sales, email: sales@example.org}
        models:
          - name: monthly_sale
            description: "{{ doc('months') }}"
            deprecation_date: 2030-01-01
            access: protected
            group: sales_team
            docs: {show: false}
            config:
              tags: [monthly]
              meta: {owner: sales, tier: 1}
              persist_docs: {relation: true}
            columns:
              - name: sale_id
                description: Number of the sale.
                data_type: integer
                config:
                  tags: [key]
                  meta: {source: till}
                data_tests:
                  - unique: {config: {tags: [nightly], meta: {team: sales}, severity: warn}}
              - name: amount
                quote: true
        unit_tests:
          - name: no_sale_no_row
            model: monthly_sale
            given: [{input: ref('stg_till__sales'), rows: []}]
            expect: {rows: []}
        exposures:
          - name: sales_board
            type: dashboard
            owner: {name: Ann, email: ann@example.org}
            depends_on: [ref('monthly_sale')]
          - name: tax_office
            type: application
            owner: {name: Tom, email: tom@example.org}
            depends_on: [ref('monthly_sale'), ref('customer_spend')]
          - name: poster
            type: notebook
            owner: {name: Eve, email: eve@example.org}
        """,
    STAGING_YML: """\
        models:
          - name: stg_till__sales
            description: Sales as they are.
            meta: {a: 1}
            columns:
              - name: sale_id
                description: Number.
          - name: stg_alone
            description: Read by nobody.
        """,
    "models/shop/staging/stg_alone.sql": "select 1 as one\n",
    "models/shop/products/months.md": "About months.\n\n{% docs months %}\nA month.\n{% enddocs %}\n",
}
CONSUMER = "  - property: consumers\n    value: [tax_office]\nschema:\n"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dbt_resources")
    write_workspace(root)
    write(root, FILES)
    contract = root / "domains/shop/src/shop/contracts/customer_spend.odcs.yaml"
    contract.write_text(contract.read_text().replace("schema:\n", CONSUMER, 1))
    return root


@pytest.fixture(scope="module")
def loaded(workspace: Path) -> DbtDomain:
    return load(workspace)


@pytest.fixture(scope="module")
def entries(workspace: Path, loaded: DbtDomain) -> dict[str, tuple[Coverage, ...]]:
    """What the load has kept."""
    assert loaded.products
    return read_dbt_coverage(workspace / "mesh", "shop")


def _found(loaded: DbtDomain, manifest: dict[str, Any]) -> dict[str, tuple[Coverage, ...]]:
    models = find_models(loaded.manifest)
    built = {models[model]["unique_id"]: tested.contract for model, tested in loaded.products.items()}
    return find_dbt_coverage(loaded.place.project, "shop", manifest, built)


PRODUCT_ENTRIES = {
    "dbt model monthly_sale.description": (MONTHLY_YML, 'description: "{{', "description.purpose"),
    "dbt model monthly_sale.deprecation_date": (MONTHLY_YML, "deprecation_date", "mesh contract move"),
    "dbt model monthly_sale.access": (MONTHLY_YML, "access:", "under access control"),
    "dbt model monthly_sale.group": (MONTHLY_YML, "group: sales_team", "write team"),
    "dbt model monthly_sale.docs": (MONTHLY_YML, "docs:", "the catalog shows the contract"),
    "dbt model monthly_sale.tags": (MONTHLY_YML, "tags: [monthly]", "write tags there"),
    "dbt model monthly_sale.meta": (MONTHLY_YML, "meta: {owner", "customProperties"),
    "dbt model monthly_sale.persist_docs": (MONTHLY_YML, "persist_docs", "descriptions in the contract"),
    "dbt model monthly_sale.event_time": (MONTHLY, "event_time", "partitioning"),
    "dbt model monthly_sale.full_refresh": (MONTHLY, "full_refresh", "the query anew"),
    "dbt model monthly_sale.columns.sale_id.description": (MONTHLY_YML, "description: Number of", "property"),
    "dbt model monthly_sale.columns.sale_id.data_type": (MONTHLY_YML, "data_type:", "logicalType"),
    "dbt model monthly_sale.columns.sale_id.tags": (MONTHLY_YML, "tags: [key]", "classification"),
    "dbt model monthly_sale.columns.sale_id.meta": (MONTHLY_YML, "meta: {source", "customProperties"),
    "dbt model monthly_sale.columns.amount.quote": (MONTHLY_YML, "quote: true", "quotes every name"),
    "dbt data test unique_monthly_sale_sale_id.tags": (MONTHLY_YML, "- unique:", "every build"),
    "dbt data test unique_monthly_sale_sale_id.meta": (MONTHLY_YML, "- unique:", "nothing reads it"),
    "dbt model stg_till__sales.description": (STAGING_YML, "description: Sales", "not published"),
    "dbt model stg_till__sales.meta": (STAGING_YML, "meta:", "not published"),
    "dbt model stg_till__sales.columns.sale_id.description": (STAGING_YML, "description: Number", "not published"),
    "dbt exposure sales_board": (MONTHLY_YML, "- name: sales_board", "customProperties consumers"),
    "dbt exposure tax_office": (MONTHLY_YML, "- name: tax_office", "customProperties consumers"),
}
DOMAIN_ENTRIES = {
    "dbt group sales_team": (MONTHLY_YML, "- name: sales_team", "write team"),
    "dbt exposure poster": (MONTHLY_YML, "- name: poster", "customProperties consumers"),
    "dbt model stg_alone": ("models/shop/staging/stg_alone.sql", "select", "no product"),
    "dbt doc months": ("models/shop/products/months.md", "{% docs months", "write the description"),
}


def test_what_is_set_on_a_product_or_beneath_it_is_named_as_not_used_at_its_line(
    workspace: Path, entries: dict[str, tuple[Coverage, ...]]
) -> None:
    for name, expected in (("shop.monthly_sale", PRODUCT_ENTRIES), ("shop", DOMAIN_ENTRIES)):
        unused = {entry.clause: entry for entry in entries[name] if not entry.enforced}
        assert unused.keys() == expected.keys()
        for clause, (file, text, why) in expected.items():
            entry = unused[clause]
            assert entry.place.file == str(workspace / "dbt_project" / file)
            assert text in (workspace / "dbt_project" / file).read_text().splitlines()[entry.line - 1], clause
            assert why in str(entry.reason)


def test_what_is_used_names_its_point(entries: dict[str, tuple[Coverage, ...]]) -> None:
    used = {entry.clause: entry.where for entry in entries["shop.monthly_sale"] if entry.enforced}
    assert used == {
        "dbt model monthly_sale.materialized": "build: the model as dbt runs it",
        "dbt model stg_till__sales.materialized": "build: the model as dbt runs it",
        "dbt unit test no_sale_no_row": "mesh test",
    }


def test_an_exposure_that_the_contract_lists_as_a_consumer_is_used(entries: dict[str, tuple[Coverage, ...]]) -> None:
    [of_listed] = [entry for entry in entries["shop.customer_spend"] if "exposure" in entry.clause]
    assert (of_listed.clause, of_listed.where) == ("dbt exposure tax_office", "contract: customProperties consumers")


def test_each_entry_is_there_once_and_the_contract_is_counted_as_before(
    loaded: DbtDomain, entries: dict[str, tuple[Coverage, ...]]
) -> None:
    for of_name in entries.values():
        assert max(Counter(entry.clause for entry in of_name).values()) == 1
        assert all((entry.where is None) != (entry.reason is None) for entry in of_name)
    assert _found(loaded, dict(loaded.manifest)) == entries
    own = [entry.clause for entry in coverage(loaded.products["monthly_sale"].contract)]
    assert [clause for clause in own if clause.startswith("dbt")] == ["dbt data test unique_monthly_sale_sale_id"]


NEW = st.from_regex(r"new_[a-z]{1,8}", fullmatch=True)


@given(kind=NEW, name=NEW, key=NEW, of_nodes=st.booleans())
def test_what_dbt_invents_tomorrow_is_listed_as_not_used(
    loaded: DbtDomain, kind: str, name: str, key: str, *, of_nodes: bool
) -> None:
    manifest = copy.deepcopy({**loaded.manifest})
    resource = {"name": name, "unique_id": f"x.{name}", "resource_type": kind, "depends_on": {"nodes": []}}
    (manifest["nodes"] if of_nodes else manifest.setdefault(kind, {}))[resource["unique_id"]] = resource
    model = next(node for node in manifest["nodes"].values() if node["name"] == "monthly_sale")
    model["unrendered_config"][key] = 1

    found = _found(loaded, manifest)
    [entry] = [entry for entry in found["shop"] if entry.clause == f"dbt {kind.replace('_', ' ')} {name}"]
    assert entry.reason == configuration_points.UNKNOWN[1:]
    [entry] = [entry for entry in found["shop.monthly_sale"] if entry.clause == f"dbt model monthly_sale.{key}"]
    assert entry.reason == configuration_points.UNKNOWN[1:]


def test_a_version_of_a_model_has_its_own_keys_behind_those_of_all_versions(loaded: DbtDomain, tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text(
        "models:\n  - name: monthly_sale\n    description: Of all.\n    versions:\n"
        "      - v: 1\n        description: Of the first.\n"
        "      - v: 2\n        deprecation_date: 2030-01-01\n        columns: [{include: all}, {name: x, meta: {a: 1}}]\n"
    )
    manifest = copy.deepcopy({**loaded.manifest})
    name, node = next(item for item in manifest["nodes"].items() if item[1]["name"] == "monthly_sale")
    node |= {"version": 2, "unique_id": f"{name}.v2", "patch_path": "own://m.yml", "unrendered_config": {}}
    manifest["nodes"] = {node["unique_id"]: node}
    contract = loaded.products["monthly_sale"].contract
    found = find_dbt_coverage(tmp_path, "shop", manifest, {node["unique_id"]: contract})[contract.port]
    assert [(entry.clause, entry.line) for entry in found if entry.clause.startswith("dbt model")] == [
        ("dbt model monthly_sale.v2.description", 3),
        ("dbt model monthly_sale.v2.versions", 4),
        ("dbt model monthly_sale.v2.deprecation_date", 8),
        ("dbt model monthly_sale.v2.columns.x.meta", 9),
    ]


def test_every_key_of_this_release_of_dbt_is_decided() -> None:
    from dbt.artifacts.resources.types import NodeType
    from dbt.artifacts.resources.v1.components import ColumnInfo
    from dbt.artifacts.schemas.manifest import WritableManifest

    held = {item.name for item in fields(WritableManifest)}
    assert held == configuration_points.RESOURCE_KEYS.keys() | configuration_points.DERIVED_KEYS
    unlisted = {"sql_operation", "rpc", "macro", "fixture"}
    assert {
        str(kind) for kind in NodeType
    } - unlisted <= configuration_points.RESOURCE_POINTS.keys() | configuration_points.CODE
    derived = {"name", "config", "doc_blocks", "_extra", "dimension", "entity"}
    assert {item.name for item in fields(ColumnInfo)} - derived <= configuration_points.COLUMN_POINTS.keys()


def test_the_reference_lists_every_key_and_kind() -> None:
    text = (REPOSITORY / "docs/reference/dbt.md").read_text()
    tables = text[text.index("## What changes no row") :]
    for name in (
        *configuration_points.MODEL_POINTS,
        *configuration_points.COLUMN_POINTS,
        *configuration_points.TEST_POINTS,
    ):
        assert f"`{name}`" in tables, name
    for kind in configuration_points.RESOURCE_POINTS:
        assert kind.replace("_", " ") in tables, kind
