"""Whether the row filter of an input holds for a product, too: through the same columns, carried unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bankmesh.access.row_filters.residual_conditions import RESOURCE
from bankmesh.lineage.model import TransformationSubtype

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.access.duties.model import ProductFlow
    from bankmesh.access.model import RowFilter

_WINDOWS = frozenset({TransformationSubtype.WINDOW, TransformationSubtype.OPAQUE})


def find_row_problem(flow: ProductFlow, source: str, column: str, given: RowFilter, allowed: RowFilter) -> str | None:
    """Return why a column of a product shows rows that the input's filter hides; None if it shows none.

    The filter `given` of the product must be the filter `allowed` of the input, on columns that carry those of the
    input unchanged. A column that mixes the values of several rows is covered only if it is grouped by these columns.
    """
    if allowed.is_everything:
        return None
    carried = {ref.column: name for name, ref in flow.identities.items() if ref.dataset == source}
    missing = sorted(allowed.columns - carried.keys())
    if missing:
        return f"no column carries {source}.{missing[0]} unchanged"
    if mixes_rows(flow, source, column, allowed.columns):
        return f"it mixes rows of {source} that the filter separates"
    if not implies(given.residual, rename(allowed.residual, carried)):
        return f"its rows are not filtered by {', '.join(sorted(carried[name] for name in allowed.columns))} as there"
    return None


def mixes_rows(flow: ProductFlow, source: str, column: str, by: frozenset[str]) -> bool:
    """Whether a column of a product has values of other rows of an input, which may differ in the columns `by`."""
    ways = {f.source.column: frozenset(f.ways) for f in flow.flows if (f.source.dataset, f.target) == (source, column)}
    every = frozenset[TransformationSubtype]().union(*ways.values())
    grouped = all(TransformationSubtype.GROUP_BY in ways.get(name, frozenset()) for name in by)
    is_moved = column in flow.reordered or bool(every & _WINDOWS)
    return is_moved or (TransformationSubtype.AGGREGATION in every and not grouped)


def rename(residual: str, names: Mapping[str, str]) -> str:
    """Return a residual with the columns of the row renamed."""
    return json.dumps(_renamed(json.loads(residual), names))


def _renamed(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, list):
        return [_renamed(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("left") == RESOURCE and "attr" in node:
        return {**node, "attr": names[node["attr"]]}
    return {key: _renamed(value, names) for key, value in node.items()}


def implies(given: str, allowed: str) -> bool:
    """Whether a residual lets through only rows that another lets through, by the conditions as they are written.

    Rows must pass every policy set. One of the sets of `given` must permit no more than each set of `allowed`: by some
    of its permits at most, and by all of its forbids.
    """
    held = _policy_sets(given)
    return all(
        any(not permits or (permits <= wider and forbids >= narrower) for permits, forbids in held)
        for wider, narrower in _policy_sets(allowed)
    )


def _policy_sets(residual: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Return permits and forbids of each policy set, each condition as canonical JSON."""
    every = json.loads(residual)["every"] if residual else []
    return [(_canonical(one["permit"]), _canonical(one["forbid"])) for one in every]


def _canonical(conditions: Iterable[Any]) -> frozenset[str]:
    return frozenset(json.dumps(condition, sort_keys=True) for condition in conditions)
