"""Conditions that are true, false or an error on each row, as Polars expressions that are never null.

Cedar skips a policy that is an error; a null of Polars is neither true nor false, and would be lost in `|`. So each
condition keeps apart on which rows it is true, on which it is false, and on which it has an outcome at all.
A conjunction tests for nulls with `is_not_null`, not `fill_null`: Polars skips files and row groups by statistics
through the former, and not through the latter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl


@dataclass(frozen=True, eq=False)
class Conjunction:
    """A condition that is never null: all of its columns are not null, and all of its terms hold.

    Attributes:
        columns: names of the columns that are not null.
        terms: expressions; on a row where one is null, a column is null or another term is false.
        is_impossible: whether it holds for no row.
    """

    columns: frozenset[str] = frozenset()
    terms: tuple[pl.Expr, ...] = ()
    is_impossible: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether it holds for every row."""
        return not (self.columns or self.terms or self.is_impossible)

    def __and__(self, other: Conjunction) -> Conjunction:
        if self.is_impossible or other.is_impossible:
            return IMPOSSIBLE
        return Conjunction(self.columns | other.columns, (*self.terms, *other.terms))

    def without_nulls_of(self, columns: frozenset[str]) -> Conjunction:
        """Return what is left to test on rows where the columns are not null."""
        return Conjunction(self.columns - columns, self.terms, self.is_impossible)

    def expression(self) -> pl.Expr:
        """Return the conjunction as an expression: the tests for nulls first, in the order of names."""
        import polars as pl

        if self.is_impossible or self.is_certain:
            return pl.lit(self.is_certain)
        return join_balanced(and_, [*(pl.col(name).is_not_null() for name in sorted(self.columns)), *self.terms])


CERTAIN = Conjunction()
IMPOSSIBLE = Conjunction(is_impossible=True)


@dataclass(frozen=True, eq=False)
class Truth:
    """A condition on a row; where it is neither true nor false, it is an error.

    Attributes:
        value: its value, which may be null or anything on rows where it is an error.
        defined: where it is no error.
        true: where it is true.
        false: where it is false.
    """

    value: pl.Expr
    defined: Conjunction
    true: Conjunction
    false: Conjunction


def test_of(value: pl.Expr, defined: Conjunction) -> Truth:
    """Return the condition with a value that is not null wherever it is defined."""
    return Truth(value, defined, _where(defined, value), _where(defined, ~value))


def constant(*, value: bool) -> Truth:
    """Return the condition that is true, or false, on every row."""
    import polars as pl

    return Truth(pl.lit(value), CERTAIN, CERTAIN if value else IMPOSSIBLE, IMPOSSIBLE if value else CERTAIN)


def error() -> Truth:
    """Return the condition that is an error on every row."""
    import polars as pl

    return test_of(pl.lit(value=False), IMPOSSIBLE)


def negation(inner: Truth) -> Truth:
    """Return Cedar's `!`."""
    return Truth(~inner.value, inner.defined, inner.false, inner.true)


def conjunction(left: Truth, right: Truth) -> Truth:
    """Return Cedar's `&&`: an error if the left is one; the right counts only where the left is true."""
    value = left.value & right.value
    defined = _defined_after(left, right, skipped=~left.value, known=left.true.columns)
    return Truth(value, defined, left.true & right.true, _either(left, left.false, right.false, defined, ~value))


def disjunction(left: Truth, right: Truth) -> Truth:
    """Return Cedar's `||`: an error if the left is one; the right counts only where the left is false."""
    value = left.value | right.value
    defined = _defined_after(left, right, skipped=left.value, known=left.false.columns)
    return Truth(value, defined, _either(left, left.true, right.true, defined, value), left.false & right.false)


def choice(condition: Truth, then: Truth, otherwise: Truth) -> Truth:
    """Return Cedar's `if`: an error if its condition is one, or the branch that the condition selects."""
    import polars as pl

    value = pl.when(condition.value).then(then.value).otherwise(otherwise.value)
    known = condition.defined.columns
    rests = [branch.defined.without_nulls_of(known) for branch in (then, otherwise)]
    defined = condition.defined
    if not all(rest.is_certain for rest in rests):
        chosen = pl.when(condition.value).then(rests[0].expression()).otherwise(rests[1].expression())
        defined &= Conjunction(terms=(chosen,))
    return test_of(value, defined)


def any_of(conditions: Iterable[Conjunction]) -> Conjunction:
    """Return where at least one of the conditions holds."""
    possible = [condition for condition in conditions if not condition.is_impossible]
    if any(condition.is_certain for condition in possible):
        return CERTAIN
    if len(possible) < 2:  # noqa: PLR2004
        return possible[0] if possible else IMPOSSIBLE
    return Conjunction(terms=(join_balanced(or_, [condition.expression() for condition in possible]),))


def all_of(conditions: Iterable[Conjunction]) -> Conjunction:
    """Return where all of the conditions hold."""
    return reduce(and_, conditions, CERTAIN)


def join_balanced(operator: Callable[[pl.Expr, pl.Expr], pl.Expr], parts: Sequence[pl.Expr]) -> pl.Expr:
    """Join one or more expressions as a balanced tree: Polars overflows its stack in a tree of a thousand levels."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return operator(join_balanced(operator, parts[:middle]), join_balanced(operator, parts[middle:]))


def _where(defined: Conjunction, value: pl.Expr) -> Conjunction:
    return defined & Conjunction(terms=(value,))


def _defined_after(left: Truth, right: Truth, skipped: pl.Expr, known: frozenset[str]) -> Conjunction:
    """Return where the left is defined and the right is, too, or is skipped.

    Where the right is not skipped, the known columns are not null: `resource has name && resource.name == "a"`.
    """
    rest = right.defined.without_nulls_of(left.defined.columns | known)
    if rest.is_certain:
        return left.defined
    return left.defined & Conjunction(terms=(skipped if rest.is_impossible else skipped | rest.expression(),))


def _either(
    left: Truth, of_left: Conjunction, of_right: Conjunction, defined: Conjunction, value: pl.Expr
) -> Conjunction:
    """Return where the left is defined and one of two outcomes occurs, the right one's counting if the left's does not.

    The short form names each part once; it needs a left that is defined wherever its columns are not null, as the
    size of nested conditions would else grow with the cube of their depth.
    """
    if left.defined.terms:
        return _where(defined, value)
    known = left.defined.columns
    return left.defined & any_of([of_left.without_nulls_of(known), of_right.without_nulls_of(known)])
