"""Whether the row filter of an input holds for a product, too: through the same columns, carried unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bankmesh.lineage.model import TransformationSubtype

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        return f"it mixes rows of {source} that the filter tells apart"
    if not implies(given, rename(allowed.residual, carried)):
        return f"its rows are not filtered by {', '.join(sorted(carried[name] for name in allowed.columns))} as there"
    return None


def mixes_rows(flow: ProductFlow, source: str, column: str, by: frozenset[str]) -> bool:
    """Whether a column of a product is made from several rows of an input that differ in the columns `by`."""
    ways = {f.source.column: frozenset(f.ways) for f in flow.flows if (f.source.dataset, f.target) == (source, column)}
    every = frozenset[TransformationSubtype]().union(*ways.values())
    grouped = all(TransformationSubtype.GROUP_BY in ways.get(name, frozenset()) for name in by)
    return bool(every & _WINDOWS) or (TransformationSubtype.AGGREGATION in every and not grouped)


def rename(residual: str, names: Mapping[str, str]) -> str:
    """Return a residual with its columns renamed, in canonical JSON."""
    return _canonical(_renamed(json.loads(residual), names))


def _renamed(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, list):
        return [_renamed(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: names.get(value, value) if key == "attr" and isinstance(value, str) else _renamed(value, names)
        for key, value in node.items()
    }


def implies(given: RowFilter, residual: str) -> bool:
    """Whether a filter lets through only rows that another residual lets through: the same conditions, as written."""
    return not given.is_everything and _canonical(json.loads(given.residual)) == residual


def _canonical(node: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(node, sort_keys=True, separators=(",", ":"))
