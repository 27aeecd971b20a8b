"""Errors of statements over a product. Their texts hold names and positions of the statement, and no value of the data.

BankmeshError
├── AccessDenied
│   └── StatementRefused   the statement is not a single SELECT over `product` with reviewed functions
└── StatementFailed        the statement is allowed, and wrong: its syntax, a name, a type, or a value that it computes
"""

from __future__ import annotations

from dataclasses import dataclass

from bankmesh.access.errors import AccessDenied
from bankmesh.errors import BankmeshError, as_sentence


@dataclass(frozen=True)
class StatementPosition:
    """A position in a statement's text; `line` and `column` count from 1, in characters."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


class StatementRefused(AccessDenied):
    """A statement does what no statement over a product may do; nothing is read.

    Attributes:
        position: where in the statement; None if it is about the statement as a whole.
    """

    def __init__(self, port: str, problem: str, position: StatementPosition | None = None, next_step: str = "") -> None:
        self.position = position
        where = f" ({position})" if position else ""
        super().__init__(port, f"{problem.rstrip('.')}{where}", (), next_step)


class StatementFailed(BankmeshError):
    """A statement is allowed, and fails: before reading because of its text, or while it computes.

    Attributes:
        position: where in the statement, if DuckDB reports it.
    """

    is_wrong_call = True

    def __init__(self, port: str, problem: str, position: StatementPosition | None = None, next_step: str = "") -> None:
        self.port, self.problem, self.position, self.next_step = port, problem, position, next_step
        where = f" ({position})" if position else ""
        more = f" {as_sentence(next_step)}" if next_step else ""
        super().__init__(f"{port}: {as_sentence(problem.rstrip('.') + where)}{more}")
