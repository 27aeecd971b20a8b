"""The casts of one build, from delivered to promised types, and the values that they lose.

A build plans its casts from the delivered schema, before it writes a row. It then casts each row as it is written,
and counts the values that do not survive on that same row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.delivered_types import Conversion, DeliveredType, conversion, explain_refusal
from bankmesh.errors import TransformError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import ColumnType, Contract


@dataclass(frozen=True)
class Cast:
    """The cast of one column from its delivered to its promised type."""

    column: str
    delivered: DeliveredType
    promised: ColumnType

    @property
    def conversion(self) -> Conversion:
        """What the cast can do to a value."""
        return conversion(self.delivered, self.promised)

    @property
    def is_checked(self) -> bool:
        """Whether each row must be verified."""
        return self.conversion is not Conversion.UNCHANGED


@dataclass(frozen=True)
class CastLoss:
    """Values of a column that did not survive the cast to its promised type.

    `rows` is the number of rows with such a value, None where the types never convert and nothing was written.
    `delivered` is the type as the engine spells it. It contains no data values.
    """

    column: str
    delivered: str
    promised: str
    rows: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        """`amount loses its value in 3 rows when cast from DECIMAL(12,4) to decimal(12,2)`."""
        if self.rows is None:
            return f"{self.column} is delivered as {self.delivered} and promised as {self.promised}: {self.reason}"
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        return f"{self.column} loses its value in {rows} when cast from {self.delivered} to {self.promised}"


class CastsRefused(TransformError):
    """Columns are delivered in types that cannot become the promised ones; nothing is written."""

    def __init__(self, product: str, losses: tuple[CastLoss, ...]) -> None:
        self.losses = losses
        super().__init__(product, "; ".join(map(str, losses)), "Nothing was written.")


def plan_casts(contract: Contract, delivered: Mapping[str, DeliveredType]) -> tuple[Cast, ...]:
    """Return the cast of each promised column, in the contract's order; `delivered` must contain all of them.

    Raises CastsRefused with every column whose types never convert.
    """
    casts = tuple(Cast(column.name, delivered[column.name], column.type) for column in contract.columns)
    refused = tuple(
        CastLoss(
            cast.column, cast.delivered.spelling, str(cast.promised), None,
            explain_refusal(cast.delivered, cast.promised),
        )
        for cast in casts
        if cast.conversion is Conversion.REFUSED
    )  # fmt: skip
    if refused:
        raise CastsRefused(contract.port, refused)
    return casts


def count_losses(casts: tuple[Cast, ...], rows: Mapping[str, int]) -> tuple[CastLoss, ...]:
    """Return the losses of a write; `rows` maps a column to the number of rows with a lost value."""
    return tuple(
        CastLoss(cast.column, cast.delivered.spelling, str(cast.promised), rows[cast.column])
        for cast in casts
        if rows.get(cast.column)
    )
