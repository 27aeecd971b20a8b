"""The leak check: generated reads of every way, and a search of all that left for what their reader may not see.

    python -m leak.leak_check --seed 1 --reads 5000 [--mutant no-barrier] [--ways scan,sql]

It exits with 1 if a hidden value has left, or a read is not on record.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leak.canary_products import CanaryWorkspace
from leak.mutants import MUTANTS
from leak.read_ways import WAYS, Attempt, Stranger

from bankmesh.access.audit.audit_chain import close_chains

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULTS_REPORTED = 5


@dataclass
class AuditTrail:
    """The records of the home's audit log, read as they are appended."""

    home: Path
    _ends: dict[Path, int] = field(default_factory=dict)

    def new_records(self) -> Counter[str]:
        """Return how many records of each kind were appended since the last call."""
        found: Counter[str] = Counter()
        for file in sorted((self.home / "audit").glob("*/*.jsonl")):
            with file.open("rb") as lines:
                lines.seek(self._ends.get(file, 0))
                data = lines.read()
            self._ends[file] = self._ends.get(file, 0) + len(data)
            found.update(json.loads(line)["kind"] for line in data.splitlines())
        return found


@dataclass
class LeakReport:
    """What a check found.

    Attributes:
        leaks: one line for each hidden value that left.
        gaps: one line for each read that is not on record as it should be.
        counts: reads by way, and how they ended.
    """

    leaks: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    bytes: Counter[str] = field(default_factory=Counter)
    unended: int = 0
    """Reads that have begun on record and not ended."""
    may_begin_late: bool = False
    """Whether the read before failed, so that a scan of its plan may begin during the next one."""

    @property
    def is_clean(self) -> bool:
        return not self.leaks and not self.gaps


def check_leaks(root: Path, seed: int, reads: int, ways: tuple[str, ...], *, mutant: str | None = None) -> LeakReport:
    """Make so many reads of each way in a new workspace below `root`; stop early after some faults."""
    workspace = CanaryWorkspace(root, seed).write()
    report, trail, stranger = LeakReport(), AuditTrail(workspace.home), Stranger(workspace)
    with _as_stranger(workspace), _output_kept(root / "output") as output:
        if mutant is not None:
            MUTANTS[mutant]()
        for way in ways:
            began = time.monotonic()
            rng = random.Random(f"{seed} {way}")  # noqa: S311 - reads that can be repeated
            for number in range(reads):
                attempt = stranger.make(way, rng)
                _examine(report, workspace, way, number, attempt, trail.new_records())
                report.may_begin_late = attempt.has_failed
                if len(report.leaks) + len(report.gaps) >= FAULTS_REPORTED:
                    break
            gc.collect()  # a read that failed half-way ends once its generator and the traceback of its error are gone
            report.unended -= trail.new_records()["end"]
            if report.unended:
                report.gaps.append(f"{way}: {report.unended} more reads have begun than ended")
            report.seconds[way] = time.monotonic() - began
    _examine_leftovers(report, workspace, output)
    return report


def _examine(
    report: LeakReport, workspace: CanaryWorkspace, way: str, number: int, attempt: Attempt, records: Counter[str]
) -> None:
    ended = "refused" if attempt.is_refused else "rows" if attempt.has_rows else "other"
    report.counts[way, ended] += 1
    report.bytes[way] += sum(len(data) for _, data in attempt.evidence.parts)
    name = f"{way} {number} {' '.join(attempt.described)}"
    report.leaks += [
        f"{name}: {leak.cell} ({leak.spelling}) in the {what}: {leak.around!r}"
        for what, leak in attempt.evidence.leaks(workspace.book)
    ]
    report.unended += records["begin"] - records["end"]
    report.leaks += [f"{name}: {attempt.differs}"] if attempt.differs else []
    if (gap := _gap(attempt, records, report.may_begin_late)) is not None:
        report.gaps.append(f"{name}: {gap}, but {dict(records)} is on record")


def _gap(attempt: Attempt, records: Counter[str], may_begin_late: bool) -> str | None:
    begun, denied = records["begin"], records["denied"]
    if attempt.is_refused and not denied and not begun:
        return "a refusal"
    if attempt.has_rows and not begun:
        return "rows were read"
    is_exact = attempt.reads is not None and not attempt.is_refused
    if is_exact and (begun < attempt.reads or (begun > attempt.reads and not may_begin_late)):
        return f"rows were read {attempt.reads} times"
    return None


def _examine_leftovers(report: LeakReport, workspace: CanaryWorkspace, output: Path) -> None:
    """Search what the reads left behind: the log, recorded use, indexes, and the output of this process."""
    close_chains()  # their threads would write to the home meanwhile
    kept = [path for path in workspace.home.rglob("*") if path.is_file() and not _is_data(workspace, path)]
    for path in [output, *kept]:
        secrets = path == output
        report.leaks += [
            f"{path.relative_to(workspace.root)}: {leak.cell} ({leak.spelling}): {leak.around!r}"
            for leak in workspace.book.search(path.read_bytes(), secrets=secrets)
        ]


def _is_data(workspace: CanaryWorkspace, path: Path) -> bool:
    """Whether a file is storage, which no reader reaches in production: ports, contracts that were kept, keys."""
    return path.relative_to(workspace.home).parts[0] in {"ports", "products", "access"}


@contextmanager
def _as_stranger(workspace: CanaryWorkspace) -> Iterator[None]:
    """Let commands run in the workspace, as in a terminal of its own."""
    before, folder = dict(os.environ), Path.cwd()
    for name in [name for name in os.environ if name.startswith(("BANKMESH_", "POLARS_"))]:
        del os.environ[name]
    os.environ |= {"MESH_HOME": str(workspace.home), "BANKMESH_ROOT": str(workspace.root), "NO_COLOR": "1"}
    os.environ |= {"COLUMNS": "200"}
    os.chdir(workspace.root)
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _output_kept(file: Path) -> Iterator[Path]:
    """Keep what libraries write to the process's own output and errors, and what is logged."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    handler = logging.FileHandler(file.with_suffix(".log"))
    logging.getLogger().addHandler(handler)
    try:
        for number in (1, 2):
            os.dup2(handle, number)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.filterwarnings("ignore", "'json' serialization format")  # it is one of the ways out
            yield file
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, saved in zip((1, 2), kept, strict=True):
            os.dup2(saved, number)
            os.close(saved)
        os.close(handle)
        logging.getLogger().removeHandler(handler)
        handler.close()


def main() -> int:
    """Check, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Search everything that leaves with generated reads for hidden values."
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reads", type=int, default=5_000, help="reads of each way")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--mutant", choices=[*MUTANTS, ""], default="")
    chosen = parser.parse_args()
    reports = []
    for way in chosen.ways.split(","):  # each in a workspace of its own, so that its result is printed when it ends
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            report = check_leaks(Path(folder), chosen.seed, chosen.reads, (way,), mutant=chosen.mutant or None)
        ends = ", ".join(f"{count} {end}" for (_, end), count in sorted(report.counts.items()))
        sys.stdout.write(f"{way:10} {ends}; {report.bytes[way] / 1e6:.1f} MB in {report.seconds[way]:.1f} s\n")
        for line in (*report.leaks, *report.gaps):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        reports.append(report)
    leaks, gaps = (
        sum(len(found) for found in each) for each in zip(*((r.leaks, r.gaps) for r in reports), strict=True)
    )
    sys.stdout.write(f"{leaks} leaks, {gaps} reads not on record\n")
    return 0 if all(report.is_clean for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
