"""How far a derived lineage agrees with a known answer.

Counted are triples (output column, source column, DIRECT or INDIRECT), and more strictly triples with the exact subtype
and masking; what holds for all rows is counted as a set of its own. Recall is the share of what is needed that was
said, precision the share of what was said that is right. A column called underivable is missed, but not wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.lineage.model import TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lineage.corpus.notation import Answer, Case

    from bankmesh.lineage.model import Dependency, StepLineage

    _Meets = Callable[[Answer, Dependency], bool]


@dataclass
class Tally:
    """Counts of one kind of triple."""

    right: int = 0
    wrong: int = 0
    met: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.met / (self.met + self.missed) if self.met + self.missed else 1.0

    def add(self, other: Tally) -> None:
        """Count what another counted."""
        self.right += other.right
        self.wrong += other.wrong
        self.met += other.met
        self.missed += other.missed


@dataclass
class Verdict:
    """One case: the counts, and in words what differs, the last even where only the subtype does."""

    columns_by_kind: Tally = field(default_factory=Tally)
    columns_exactly: Tally = field(default_factory=Tally)
    rows_by_kind: Tally = field(default_factory=Tally)
    rows_exactly: Tally = field(default_factory=Tally)
    differences: list[str] = field(default_factory=list)

    def add(self, other: Verdict) -> None:
        """Count what another case came to."""
        self.columns_by_kind.add(other.columns_by_kind)
        self.columns_exactly.add(other.columns_exactly)
        self.rows_by_kind.add(other.rows_by_kind)
        self.rows_exactly.add(other.rows_exactly)

    def table(self) -> str:
        """The figures, for people."""
        lines = [f"{'':<34}{'said':>6}{'right':>7}{'precision':>11}{'needed':>8}{'met':>6}{'recall':>8}"]
        for title, tally in (
            ("columns: direct or indirect", self.columns_by_kind),
            ("columns: exact subtype, masking", self.columns_exactly),
            ("all rows: indirect", self.rows_by_kind),
            ("all rows: exact subtype", self.rows_exactly),
        ):
            lines.append(
                f"{title:<34}{tally.right + tally.wrong:>6}{tally.right:>7}{tally.precision:>11.4f}"
                f"{tally.met + tally.missed:>8}{tally.met:>6}{tally.recall:>8.4f}"
            )
        return "\n".join(lines)


def judged(case: Case, derived: StepLineage) -> Verdict:
    """The derived lineage of a case against its answer."""
    verdict = Verdict()
    verdict.differences += [
        f"{name}: no column of the result" for name in sorted(set(derived.columns) - set(case.columns))
    ]
    for name in case.columns:
        if name in derived.underivable and name in case.underivable:
            continue
        _judge_column(case, name, derived, verdict)
    if case.opaque is None and set(case.columns) - (set(derived.underivable) & case.underivable):
        anywhere = [answer for answers in case.either.values() for answer in answers]
        _judge("all rows", case.rows, anywhere, derived.rows, verdict, verdict.rows_by_kind, verdict.rows_exactly)
    return verdict


def _judge_column(case: Case, name: str, derived: StepLineage, verdict: Verdict) -> None:
    if name in derived.underivable:
        verdict.differences.append(f"{name}: called underivable, {derived.underivable[name]}")
    elif name not in derived.columns:
        verdict.differences.append(f"{name}: not there")
    if case.opaque is not None:
        _judge_opaque(case, name, derived, verdict)
        return
    said = derived.columns.get(name, frozenset())
    tallies = (verdict.columns_by_kind, verdict.columns_exactly)
    needed_anywhere = case.either.get(name, ())
    _judge(name, case.columns[name], needed_anywhere, said, verdict, *tallies)
    for tally, meets in zip(tallies, (_by_kind, _exactly), strict=True):
        for answer in needed_anywhere:
            met = any(meets(answer, dependency) for dependency in said | derived.rows)
            tally.met += met
            tally.missed += not met
            if not met:
                verdict.differences.append(f"{name}: lacks {answer}")


def _judge(
    where: str,
    answers: Iterable[Answer],
    also_right: Iterable[Answer],
    said: frozenset[Dependency],
    verdict: Verdict,
    by_kind: Tally,
    exactly: Tally,
) -> None:
    answers, also_right = tuple(answers), tuple(also_right)
    told = set()
    for tally, meets in ((by_kind, _by_kind), (exactly, _exactly)):
        # By kind, a source counts once however many subtypes it has.
        distinct = said if meets is _exactly else {(d.source, d.how.kind): d for d in sorted(said)}.values()
        for dependency in distinct:
            right = any(meets(answer, dependency) for answer in (*answers, *also_right))
            tally.right += right
            tally.wrong += not right
            if not right:
                mask = "masked " if dependency.masking else ""
                told.add(f"{where}: should not say {mask}{dependency.how.value.lower()} {dependency.source}")
        for answer in answers:
            if answer.needed:
                met = any(meets(answer, dependency) for dependency in said)
                tally.met += met
                tally.missed += not met
                if not met:
                    told.add(f"{where}: lacks {answer}")
    verdict.differences += sorted(told)


def _judge_opaque(case: Case, name: str, derived: StepLineage, verdict: Verdict) -> None:
    """Every column that may matter must be there, in whatever way; DIRECT only what the answer says.

    Columns beyond these may be called looked at, and do not count: a step that is derived without its rows may take
    another way through its code where there are rows.
    """
    said = derived.dependencies(name)
    for dependency in sorted(said):
        if dependency.how is TransformationSubtype.OPAQUE and dependency.source not in case.effective(name):
            continue
        direct = any(_by_kind(answer, dependency) for answer in case.columns[name])
        right = (
            direct if dependency.how.kind is TransformationType.DIRECT else dependency.source in case.effective(name)
        )
        for tally in (verdict.columns_by_kind, verdict.columns_exactly):
            tally.right += right
            tally.wrong += not right
        if not right:
            verdict.differences.append(f"{name}: should not say {dependency.how.value.lower()} {dependency.source}")
    sources = {dependency.source for dependency in said}
    for source in sorted(case.effective(name)):
        for tally in (verdict.columns_by_kind, verdict.columns_exactly):
            tally.met += source in sources
            tally.missed += source not in sources
        if source not in sources:
            verdict.differences.append(f"{name}: lacks {source}")


def _by_kind(answer: Answer, dependency: Dependency) -> bool:
    return answer.source == dependency.source and dependency.how.kind in answer.kinds


def _exactly(answer: Answer, dependency: Dependency) -> bool:
    return (
        answer.source == dependency.source
        and dependency.how in answer.hows
        and dependency.masking == (answer.masking and dependency.how.kind is TransformationType.DIRECT)
    )
