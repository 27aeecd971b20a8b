"""Edges of a histogram's ranges: every twentieth of the rows, rounded so that no edge is the exact value of a row."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from bankmesh.contracts.model import Column

RANGES = 20
_STEPS = 100
"""Edges are multiples of about a hundredth of the span between the first and the last."""
_MOMENTS = {"date": "epoch({name}) / 86400", "timestamp": "epoch({name})"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def range_edges(column: Column, table: str, connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return the edges between the ranges of a numeric or temporal column, as text, in order. Raises duckdb.Error."""
    kind, name = column.type.name, sql_name(column.name)
    number = _MOMENTS.get(kind, "{name}::double").format(name=name)
    shares = ", ".join(str(n / RANGES) for n in range(1, RANGES))
    query = f"select quantile_disc(x, [{shares}]) from (select {number} as x from {table}) where isfinite(x)"
    row = connection.execute(query).fetchone()
    quantiles = row[0] if row else None
    return tuple(spell(kind, edge) for edge in round_edges(quantiles or (), whole=kind != "double"))


def round_edges(quantiles: Sequence[float], *, whole: bool) -> list[Decimal]:
    """Return the quantiles as multiples of a power of ten, each once; `whole` for values that have no fractions."""
    if not quantiles:
        return []
    span = quantiles[-1] - quantiles[0]
    power = math.floor(math.log10(span / _STEPS)) if span > 0 else 0
    unit = Decimal(10) ** (max(power, 0) if whole else power)
    return sorted({(Decimal(value) / unit).to_integral_value() * unit for value in quantiles})


def spell(kind: str, edge: Decimal) -> str:
    """Return an edge as text: moments in ISO 8601, numbers without an exponent."""
    if kind == "date":
        return (date(1970, 1, 1) + timedelta(days=int(edge))).isoformat()
    if kind == "timestamp":
        return (_EPOCH + timedelta(seconds=int(edge))).isoformat()
    return f"{edge.normalize():f}" if edge else "0"
