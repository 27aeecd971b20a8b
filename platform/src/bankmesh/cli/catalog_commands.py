"""`mesh catalog`: rebuild the index, show its state, and show everything that it has about a product."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from bankmesh.access.metadata_reader import current_metadata_reader
from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.output import JsonOption, ago, console, count, print_json, print_table, warn_of_reader
from bankmesh.cli.product_commands import ProductArgument
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.catalog.index.index_connection import Catalog
    from bankmesh.catalog.index.index_update import IndexUpdate

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Rebuild and inspect the index of products.")

_CHANGES_SHOWN = 8


@contextmanager
def current_catalog(*, with_history: bool) -> Iterator[Catalog]:
    """Open the catalog, built or refreshed if necessary; progress and problems go to standard error.

    `with_history`: refresh also quality and freshness from the event log, which needs Dagster.
    """
    from bankmesh.catalog.index.index_connection import Catalog, CatalogNotWritable
    from bankmesh.catalog.index.index_update import is_built, is_stale, rebuild, refresh
    from bankmesh.orchestration.instance import existing_checks
    from bankmesh.settings import catalog_database

    settings = current_settings()
    with Catalog(catalog_database(settings)) as catalog:
        try:
            if not is_built(catalog):
                _print_line("The catalog does not exist, or another release built it: building it ...")
                with existing_checks(settings) as checks:
                    done = rebuild(settings, checks, catalog)
                _print_line(f"{done} ({done.seconds:.1f} s)")
            elif with_history:
                with existing_checks(settings) as checks:
                    refresh(settings, checks, catalog)
            elif is_stale(catalog, settings):
                refresh(settings, None, catalog)
        except CatalogNotWritable as error:
            _print_line(f"{error} The following is {_age(catalog)}.")
        yield catalog


@app.command("rebuild")
def rebuild_catalog(*, as_json: JsonOption = False) -> None:
    """Rebuild the index from contracts, Delta logs, lineage, recorded reads and Dagster's event log."""
    from bankmesh.catalog.index.index_update import rebuild
    from bankmesh.orchestration.instance import existing_checks

    settings = current_settings()
    with existing_checks(settings) as checks:
        done: IndexUpdate = rebuild(settings, checks)
    if as_json:
        print_json(
            {
                "products": list(done.products),
                "entries": done.entries,
                "reads": done.reads,
                "seconds": round(done.seconds, 2),
            }
        )
        return
    typer.echo(f"{done} ({done.seconds:.1f} s)")


@app.command()
def status(*, as_json: JsonOption = False) -> None:
    """Show the index's location, age, contents and unreadable files. Exit 1 if it is out of date."""
    from bankmesh.catalog.index.index_connection import Catalog
    from bankmesh.catalog.index.index_update import is_stale
    from bankmesh.catalog.product_description import about
    from bankmesh.settings import catalog_database
    from bankmesh.storage.databases import database_exists

    settings = current_settings()
    url = catalog_database(settings)
    if not database_exists(url):
        facts: dict[str, Any] = {"built_at": None, "refreshed_at": None, "holds": {}, "faults": []}
        _print_status({"database": _place(url), "up_to_date": False, **facts}, as_json=as_json)
        raise typer.Exit(1)
    with Catalog(url) as catalog:
        stale = is_stale(catalog, settings)
        with catalog.reading() as connection:
            facts = {"database": catalog.place, "up_to_date": not stale, **about(connection)}
    _print_status(facts, as_json=as_json)
    raise typer.Exit(1 if stale else 0)


@app.command()
def show(
    product: ProductArgument,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show everything about a product: contract versions, publications, quality, lineage, consumers."""
    from bankmesh.catalog.product_description import describe, resolve
    from bankmesh.catalog.readable_metadata import readable_description
    from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

    settings = current_settings()
    reader = current_metadata_reader(settings)
    warn_of_reader(reader)
    with current_catalog(with_history=True) as catalog, catalog.reading() as connection:
        facts = describe(connection, resolve(connection, product), datetime.now(UTC))
    contract = find_contract(workspace_contracts(settings.root), facts["product"], facts["major"])
    facts = readable_description(facts, contract, reader.decision_on(contract), reader.principal)
    if as_json:
        print_json(facts)
        return
    _print_product(facts)


def _place(url: str) -> str:
    import sqlalchemy as sa

    return sa.make_url(url).render_as_string(hide_password=True)


def _age(catalog: Catalog) -> str:
    from bankmesh.catalog.product_description import about

    with catalog.reading() as connection:
        refreshed = about(connection)["refreshed_at"]
    return f"as it was {ago(datetime.fromisoformat(refreshed))}" if refreshed else "empty"


def _print_status(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    rows = [
        ("database", facts["database"]),
        ("built", facts["built_at"] or "never"),
        ("refreshed", facts["refreshed_at"] or "never"),
        ("up to date", "yes" if facts["up_to_date"] else "no: run `mesh search` or `mesh catalog rebuild`"),
        *((name.replace("_", " "), count(number)) for name, number in facts["holds"].items()),
    ]
    print_table(("catalog", ""), rows)
    for fault in facts["faults"]:
        console().print(f"{fault['file']}:{fault['line']}: {fault['message']} [{fault['rule']}]", markup=False)


def _print_product(facts: dict[str, Any]) -> None:
    out = console()
    out.print(f"{facts['port']}  contract {facts['contract_version']} ({facts['status']})", style="bold", markup=False)
    out.print(facts["purpose"], markup=False)
    lineage, consumers = facts["lineage"], facts["consumers"]
    recorded = [f"{who} ({use['reads']} reads)" for who, use in (consumers["recorded"] or {}).items()]
    lines = [
        ("owner", ", ".join(f"{owner['name']} ({owner['role']})" for owner in facts["owners"])),
        ("made from", _nearest(lineage["made_from"]) or _unknown(lineage["known"])),
        ("makes", _nearest(lineage["makes"])),
        ("opaque", "yes: made by a step that no plan describes" if lineage["opaque"] else ""),
        ("consumers", ", ".join([*consumers["declared"], *consumers["products"], *recorded])),
        ("freshness", facts["freshness"]),
        ("not current", _outdated(facts["built_from_withdrawn"])),
        ("withdrawn", ", ".join(_withdrawn(item) for item in facts["withdrawn"])),
        ("checks", ", ".join(f"{n} {outcome}" for outcome, n in facts["quality"]["newest"].items() if n)),
    ]
    for label, text in lines:
        if text:
            out.print(f"  {label:<16}{text}", markup=False)
    out.print()
    print_table(("contract", "since", "changes"), [_version_row(version) for version in facts["contract_versions"]])
    out.print()
    print_table(
        ("version", "published", "rows", "checks", "inputs"),
        [
            (
                str(made["version"]),
                made["published_at"],
                count(made["rows"]),
                f"{made['passed']} passed, {made['warned']} warned",
                ", ".join(f"{name} {read}" for name, read in made["inputs"].items()),
            )
            for made in facts["publications"]
        ],
    )


def _outdated(inputs: list[dict[str, Any]]) -> str:
    built_from = ", ".join(f"{item['product']} {item['version']}" for item in inputs)
    return f"built from withdrawn {built_from}; rebuild it" if built_from else ""


def _withdrawn(item: dict[str, Any]) -> str:
    return f"version {item['version']} by {item['by']} ({item['reason']})"


def _version_row(version: dict[str, Any]) -> tuple[str, str, str]:
    listed = [
        f"{'BREAKING ' if change['breaking'] else ''}{change['message']}"
        for change in version["changes"][:_CHANGES_SHOWN]
    ]
    more = len(version["changes"]) - len(listed)
    said = "; ".join([*listed, *([f"and {more} more"] if more else [])])
    return version["version"], version["since"] or "not published", said or version["unread"] or "-"


def _nearest(datasets: dict[str, int]) -> str:
    """Return the datasets one step away, and the number of those further away."""
    near = [name for name, depth in datasets.items() if depth == 1]
    behind = len(datasets) - len(near)
    return ", ".join([*near, *([f"and {behind} further away"] if behind else [])])


def _unknown(known: bool) -> str:  # noqa: FBT001 - a value of the index
    return "" if known else "unknown: no version with recorded lineage is published"


def _print_line(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
