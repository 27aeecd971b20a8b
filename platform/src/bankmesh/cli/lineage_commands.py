"""`mesh lineage`: the sources and dependents of a column, and the OpenLineage events."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.access.metadata_reader import current_metadata_reader
from bankmesh.catalog.readable_metadata import readable_event
from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.name_completion import complete_column
from bankmesh.cli.output import JsonOption, console, print_json, print_table, warn_of_reader
from bankmesh.errors import UnknownName
from bankmesh.lineage.graph_traversal import VALUES, VALUES_AND_OPAQUE, Direction, find_columns, strongest, walk
from bankmesh.lineage.lineage_charts import mermaid, tree
from bankmesh.settings import current_settings
from bankmesh.workspace.landing_names import declared_landings, find_landing
from bankmesh.workspace.workspace_contracts import find_contract, readable_contracts
from bankmesh.workspace.workspace_graph import workspace_graph

if TYPE_CHECKING:
    from bankmesh.lineage.graph_traversal import Traversal
    from bankmesh.lineage.lineage_graph import Edge, Graph
    from bankmesh.lineage.model import ColumnRef
    from bankmesh.lineage.openlineage.event_outbox import EventOutbox
    from bankmesh.settings import Settings

_WALK = "of"
_FORWARD_SECONDS = 600.0


class _ColumnFirst(CommandGroup):
    """A group in which `mesh lineage retail.party.birth_date` means `mesh lineage of retail.party.birth_date`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer carries a Click of its own
        if args and "." in args[0] and args[0] not in self.commands:
            args = [_WALK, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401 - the same
        """Complete a command or, because it may be left out, the column that `of` takes."""
        (name, *_) = self.commands[_WALK].params
        return [*super().shell_complete(ctx, incomplete), *name.shell_complete(ctx, incomplete)]


app = typer.Typer(
    cls=_ColumnFirst, no_args_is_help=True, help="Show sources and dependents of columns, and OpenLineage events."
)


class WalkFormat(StrEnum):
    """The format to print lineage in."""

    TREE = "tree"
    MERMAID = "mermaid"


@app.command(_WALK)
def lineage_of(
    name: Annotated[
        str,
        typer.Argument(
            help="A column (retail.party.birth_date), or a dataset: a product, or a landing as system.object.",
            autocompletion=complete_column,
        ),
    ],
    *,
    upstream: Annotated[bool, typer.Option("--upstream", help="Show its sources (the default).")] = False,
    downstream: Annotated[bool, typer.Option("--downstream", help="Show its dependents.")] = False,
    indirect: Annotated[
        bool, typer.Option("--indirect", help="Show also columns that only decide which rows or values are taken.")
    ] = False,
    depth: Annotated[int | None, typer.Option(min=1, help="Maximum distance in datasets; by default no limit.")] = None,
    form: Annotated[WalkFormat, typer.Option("--format", help="The output format.")] = WalkFormat.TREE,
    as_json: JsonOption = False,
) -> None:
    """Show the sources of a column up to the legacy files, or everything that depends on it."""
    if upstream and downstream:
        raise typer.BadParameter("use --upstream or --downstream, not both")
    settings = current_settings()
    graph = workspace_graph(settings.root, settings.home)
    start = find_columns(graph, _with_major(name, settings))
    direction = Direction.DOWNSTREAM if downstream else Direction.UPSTREAM
    whole = walk(graph, start, direction, depth=depth)
    if as_json:
        print_json(_as_json(graph, whole))
        return
    drawn = whole if indirect or downstream else walk(graph, start, direction, VALUES_AND_OPAQUE, depth)
    if form is WalkFormat.MERMAID:
        sys.stdout.write("\n".join(mermaid(drawn)) + "\n")
    elif downstream:
        _print_dependents(graph, whole)
    else:
        _print_tree(graph, drawn, whole)


def _with_major(name: str, settings: Settings) -> str:
    """Return the name with the major of the default port, and a landing by the name that lineage gives it.

    A name without a major means the newest active one. Raises AmbiguousLanding.
    """
    contracts = readable_contracts(settings.root)
    products = {contract.product for contract in contracts}
    for product in (name, name.rpartition(".")[0]):
        if product in products:
            return find_contract(contracts, product, None).port + name[len(product) :]
    landings = declared_landings(settings.root)
    for dataset in (name, name.rpartition(".")[0]):
        if landing := find_landing(landings, dataset):
            return f"{landing.domain}.landing.{landing.short}{name[len(dataset) :]}"
    return name.replace("@1.", ".").removesuffix("@1")


def _print_tree(graph: Graph, drawn: Traversal, whole: Traversal) -> None:
    for line in tree(graph, drawn):
        console().print(line, markup=False, soft_wrap=True)
    for dataset in sorted({ref.dataset for ref in drawn.depth} & graph.opaque):
        console().print(
            f"{dataset} is made by an opaque step: each of its columns depends on all columns that the step read.",
            markup=False,
            soft_wrap=True,
        )
    deciding = set(whole.columns) - set(drawn.columns)
    if deciding:
        console().print(
            f"{len(deciding)} more columns decide which rows or values are taken (--indirect).", markup=False
        )


def _print_dependents(graph: Graph, whole: Traversal) -> None:
    """Print one row for each column: how it depends on the start, and how many datasets away it is."""
    arriving: dict[ColumnRef, list[Edge]] = {}
    for edge in whole.edges:
        arriving.setdefault(edge.target, []).append(edge)
    with_values = set(walk(graph, whole.start, Direction.DOWNSTREAM, VALUES).depth)
    rows = [
        (
            str(ref),
            "value" if ref in with_values else "decides",
            strongest(arriving[ref]).value,
            str(whole.depth[ref]),
        )
        for ref in whole.columns
    ]
    print_table(("column", "dependency", "last step", "datasets away"), rows)


def _as_json(graph: Graph, whole: Traversal) -> dict[str, Any]:
    return {
        "start": [str(ref) for ref in whole.start],
        "direction": whole.direction.value,
        "columns": [
            {
                "id": str(ref),
                "dataset": ref.dataset,
                "column": ref.column,
                "depth": whole.depth[ref],
                "opaque": ref.dataset in graph.opaque,
                "underivable": graph.gaps.get(ref),
                "recorded": ref.dataset not in graph.unknown,
            }
            for ref in (*whole.start, *whole.columns)
        ],
        "edges": [
            {
                "from": str(edge.source),
                "to": str(edge.target),
                "type": edge.how.kind.value,
                "subtype": edge.how.value,
                "masking": edge.masking,
            }
            for edge in whole.edges
        ],
    }


@app.command("check")
def check(*, as_json: JsonOption = False) -> None:
    """Check that no column is classified below its sources, by the lineage of the code. Exit 1 if one is.

    Also lists columns whose lineage cannot be derived. They are no fault, but are checked as made from all inputs.
    """
    from bankmesh.cli.confidentiality_check import as_json as plain
    from bankmesh.cli.confidentiality_check import check_workspace, lines

    found = check_workspace(current_settings())
    if as_json:
        print_json(plain(found))
    else:
        for line in lines(found):
            console().print(line, markup=False, soft_wrap=True)
    raise typer.Exit(1 if found.losses else 0)


@app.command("events")
def events(
    run: Annotated[
        str | None, typer.Option("--run", help="Only events of this run (Dagster's id or OpenLineage's).")
    ] = None,
) -> None:
    """Print every stored event, one JSON object a line, as it was or will be sent (except the client's tag).

    Numbers of rows, nulls and failing rows, code, and paths of datasets are for owners and stewards of the domain and
    auditors; others get the names of products and landings in place of paths.
    """
    settings = current_settings()
    reader = current_metadata_reader(settings, decides=False)
    warn_of_reader(reader)
    with _outbox(settings) as outbox:
        found = False
        for kept in outbox.all_events(run):
            found = True
            event = readable_event(kept.event, kept.asset.partition("/")[0], reader.principal)
            sys.stdout.write(json.dumps(event) + "\n")
    if run is not None and not found:
        raise UnknownName("run with lineage events", run, ())


@app.command("forward")
def forward_events(
    *,
    again: Annotated[bool, typer.Option("--again", help="Send also events that the receiver refused.")] = False,
    seconds: Annotated[float, typer.Option(min=0, help="Maximum duration in seconds.")] = _FORWARD_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Send pending events to the receiver in OPENLINEAGE_URL or openlineage.yml. Exit 1 if events are left."""
    from bankmesh.lineage.openlineage.event_forwarder import forward

    with _outbox(current_settings()) as outbox:
        if again:
            outbox.try_again()
        done = forward(outbox, seconds)
        left = outbox.counts()
    if as_json:
        print_json({"sent": done.sent, "refused": done.refused, "stopped": done.stopped, "left": left["pending"]})
    else:
        console().print(f"{done}; {left['pending']} pending", markup=False, soft_wrap=True)
    raise typer.Exit(1 if left["pending"] or done.refused else 0)


@app.command("status")
def status(*, as_json: JsonOption = False) -> None:
    """Show the numbers of pending, sent and refused events, and whether a receiver is set."""
    from bankmesh.settings import has_lineage_receiver

    with _outbox(current_settings()) as outbox:
        counts = outbox.counts()
    if as_json:
        print_json({"receiver": has_lineage_receiver(), **counts})
        return
    where = (
        "OpenLineage's client knows a receiver"
        if has_lineage_receiver()
        else "no receiver is set: events are only stored"
    )
    console().print(f"{where}; " + ", ".join(f"{number} {state}" for state, number in counts.items()), markup=False)


def _outbox(settings: Settings) -> EventOutbox:
    from bankmesh.lineage.openlineage.event_outbox import EventOutbox
    from bankmesh.lineage.openlineage.event_spool import drain_spool, spool_folder
    from bankmesh.settings import lineage_database

    outbox = EventOutbox(lineage_database(settings.home))
    drain_spool(spool_folder(settings.home), outbox)
    return outbox
