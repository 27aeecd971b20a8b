"""Closures over columns and datasets: all that belongs to them and nothing else, on both databases."""

from __future__ import annotations

from itertools import count

import pytest
import sqlalchemy as sa
from catalog_samples import Col, Samples, fresh_database, made_from
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_update import rebuild
from bankmesh.catalog.index.lineage_closures import (
    column_ref,
    downstream,
    downstream_datasets,
    upstream,
    upstream_datasets,
)
from bankmesh.catalog.index.lineage_rows import column_id
from bankmesh.errors import UnknownName
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype, TransformationType


@pytest.fixture
def chain(samples: Samples, catalog: Catalog) -> Catalog:
    """till.sale → shop.sale → shop.spend → desk.risk, the last one opaque, with a filter on the way."""
    samples.systems("shop")
    samples.contract("shop.sale", Col("number"), Col("paid"))
    samples.contract("shop.spend", Col("total"), Col("lost"))
    samples.contract("desk.risk", Col("worst"))
    samples.contract("desk.idea", Col("thought"))
    samples.publish(
        "shop.sale", inputs={"till.sale": "f"}, lineage=made_from(number="till.sale.number", paid="till.sale.paid")
    )
    total = Dependency(ColumnRef("shop.sale", "paid"), TransformationSubtype.AGGREGATION)
    kept = Dependency(ColumnRef("shop.sale", "number"), TransformationSubtype.FILTER)
    spend = StepLineage({"total": frozenset({total})}, rows=frozenset({kept}), underivable={"lost": "a macro"})
    samples.publish("shop.spend", inputs={"shop.sale": 0}, lineage=spend)
    opaque = StepLineage({"worst": frozenset()}, opaque=frozenset({ColumnRef("shop.spend", "total")}))
    samples.publish("desk.risk", inputs={"shop.spend": 0}, lineage=opaque)
    rebuild(samples.settings, None, catalog)
    return catalog


def reached(closure) -> dict[str, tuple[int, bool]]:
    return {str(found.ref): (found.depth, found.direct) for found in closure.reached}


def test_upstream_to_the_legacy_file(chain: Catalog) -> None:
    with chain.reading() as connection:
        closure = upstream(connection, column_ref(connection, "shop.spend.total"))
    assert reached(closure) == {
        "shop.sale.paid": (1, True),
        "shop.spend.*": (1, False),
        "shop.landing.till.sale.paid": (2, True),
        "shop.sale.number": (2, False),
        "legacy.till.sale.PAID": (3, True),
        "shop.landing.till.sale.number": (3, False),
        "legacy.till.sale.SALE_NO": (4, False),
    }
    assert (closure.opaque, dict(closure.gaps)) == (frozenset(), {})


def test_direct_steps_alone(chain: Catalog) -> None:
    with chain.reading() as connection:
        closure = upstream(connection, ColumnRef("shop.spend", "total"), direct_only=True)
        down = downstream(connection, ColumnRef("shop.sale", "number"), direct_only=True)
    assert set(reached(closure)) == {"shop.sale.paid", "shop.landing.till.sale.paid", "legacy.till.sale.PAID"}
    assert all(edge.how.kind is TransformationType.DIRECT for edge in closure.edges)
    assert down.reached == ()


def test_downstream_through_an_opaque_step(chain: Catalog) -> None:
    with chain.reading() as connection:
        closure = downstream(connection, column_ref(connection, "legacy.till.sale.PAID"))
    assert reached(closure) == {
        "shop.landing.till.sale.paid": (1, True),
        "shop.sale.paid": (2, True),
        "shop.spend.total": (3, True),
        "desk.risk.*": (4, False),
        "desk.risk.worst": (5, False),
    }
    assert closure.opaque == {"desk.risk"}


def test_a_column_that_is_not_derivable_is_told(chain: Catalog) -> None:
    lost = ColumnRef("shop.spend", "lost")
    with chain.reading() as connection:
        assert upstream(connection, lost).gaps == {lost: "a macro"}
        assert downstream(connection, ColumnRef("shop.sale", "number")).gaps == {lost: "a macro"}


def test_datasets(chain: Catalog) -> None:
    with chain.reading() as connection:
        assert upstream_datasets(connection, "desk.risk") == {
            "shop.spend": 1,
            "shop.sale": 2,
            "shop.landing.till.sale": 3,
            "legacy.till.sale": 4,
        }
        assert downstream_datasets(connection, "shop.sale") == {"shop.spend": 1, "desk.risk": 2}
        assert upstream_datasets(connection, "desk.idea") == {}


def test_names_that_are_not_there(chain: Catalog) -> None:
    with chain.reading() as connection:
        with pytest.raises(UnknownName, match=r"Did you mean shop\.sale"):
            upstream_datasets(connection, "shop.sole")
        with pytest.raises(UnknownName, match=r"no column of shop\.sale payd"):
            column_ref(connection, "shop.sale.payd")


def test_postgresql_knows_how_many_rows_a_rebuild_has_made(samples: Samples, postgres) -> None:
    samples.contract("shop.sale", Col("number"), Col("paid"))
    with Catalog(fresh_database(postgres)) as catalog:
        rebuild(samples.settings, None, catalog)
        with catalog.reading() as connection:
            query = sa.text("select reltuples from pg_class where oid = cast(:name as regclass)")
            known = {t: connection.scalar(query, {"name": t.name}) for t in tables.metadata.sorted_tables}
            rows = {t: connection.scalar(sa.select(sa.func.count()).select_from(t)) for t in known}
    # It says -1 of a table that it has never counted.
    assert known == rows
    assert rows[tables.columns] == 2


def test_a_table_that_reads_itself_is_a_circle_and_no_end(samples: Samples, catalog: Catalog) -> None:
    samples.contract("shop.one", Col("a"))
    samples.contract("shop.two", Col("b"))
    samples.publish("shop.one", inputs={"shop.one": 0, "shop.two": 0}, lineage=made_from(a="shop.two.b"))
    samples.publish("shop.two", inputs={"shop.one": 0}, lineage=made_from(b="shop.one.a"))
    rebuild(samples.settings, None, catalog)
    with catalog.reading() as connection:
        assert reached(upstream(connection, ColumnRef("shop.one", "a"))) == {"shop.two.b": (1, True)}
        assert downstream_datasets(connection, "shop.one") == {"shop.two": 1}


# --- any graph ---

NODES = [ColumnRef(f"shop.t{table}", f"c{column}") for table in range(4) for column in range(3)]
EDGES = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from(list(TransformationSubtype))), max_size=40
)


def put_graph(connection: sa.Connection, edges: list[tuple[ColumnRef, ColumnRef, TransformationSubtype]]) -> None:
    for table in (tables.edges, tables.datasets, tables.columns):
        connection.execute(sa.delete(table))
    datasets = sorted({node.dataset for node in NODES})
    connection.execute(
        tables.datasets.insert(),
        [{"id": d, "kind": "product", "domain": "shop", "opaque": False, "lineage_known": True} for d in datasets],
    )
    plain = {"type": "string", "description": "", "classification": "public", "required": False, "key_position": None}
    position = count(1)
    connection.execute(
        tables.columns.insert(),
        [{"dataset": n.dataset, "position": next(position), "name": n.column, "tags": [], **plain} for n in NODES],
    )
    rows = [
        {
            "source_id": column_id(*vars(source).values()),
            "target_id": column_id(*vars(target).values()),
            "how": how.value,
            "masking": False,
            "source_dataset": source.dataset,
            "source_column": source.column,
            "target_dataset": target.dataset,
            "target_column": target.column,
        }
        for source, target, how in set(edges)
    ]
    if rows:
        connection.execute(tables.edges.insert(), rows)


def naive(edges, start: ColumnRef, *, up: bool, direct: bool) -> dict[ColumnRef, int]:
    depths, front, depth = {start: 0}, {start}, 0
    while front:
        depth += 1
        front = {
            there
            for source, target, how in edges
            for here, there in [(target, source) if up else (source, target)]
            if here in front and there not in depths and (how.kind is TransformationType.DIRECT or not direct)
        }
        depths |= dict.fromkeys(front, depth)
    del depths[start]
    return depths


def holds(catalog: Catalog, edges, start: ColumnRef) -> None:
    with catalog.writing() as connection:
        put_graph(connection, edges)
    for up, walk in ((True, upstream), (False, downstream)):
        for direct in (True, False):
            with catalog.reading() as connection:
                closure = walk(connection, start, direct_only=direct)
            expected = naive(edges, start, up=up, direct=direct)
            assert {found.ref: found.depth for found in closure.reached} == expected
            passing = naive(edges, start, up=up, direct=True)
            assert {found.ref for found in closure.reached if found.direct} == set(passing)


@pytest.fixture(scope="module")
def graph_catalog(tmp_path_factory: pytest.TempPathFactory):
    with Catalog(f"sqlite:///{tmp_path_factory.mktemp('graphs')}/catalog.db") as opened:
        yield opened


@settings(max_examples=60, deadline=None)
@given(edges=EDGES, start=st.sampled_from(NODES))
def test_a_closure_of_any_graph_on_sqlite(graph_catalog: Catalog, edges, start: ColumnRef) -> None:
    holds(graph_catalog, edges, start)


def test_closures_on_postgresql_are_the_same(catalog: Catalog) -> None:
    found = settings(max_examples=15, deadline=None, database=None)(
        given(edges=EDGES, start=st.sampled_from(NODES))(lambda edges, start: holds(catalog, edges, start))
    )
    found()
