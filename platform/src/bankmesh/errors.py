"""The exception tree. Every error that a user can cause says what is wrong, where, what is allowed and what to do.

BankmeshError
├── FaultsFound            one or more faults in hand-written files, all of them at once
│   ├── ContractFaults     contracts (`*.odcs.yaml`)
│   └── SourceFaults       source declarations (`sources/*.yaml`)
├── LegacyFileError        a legacy file is missing, empty, or not of the declared structure
│   ├── NotDelivered       the exports have no folder of a legacy system
│   │   └── NoLongerDelivered  an optional object that was delivered before is missing
│   └── HistoryLost        a landing has fewer rows, or less history, than the last accepted one
├── TransformError         a transform did not deliver the columns or types of its contract
├── PortError              reading or writing an output port
│   ├── NotPublished       the requested product or version is not published
│   └── PublishConflict    another publisher committed first, and this candidate may not be published after it
└── UnknownName            a product, column, system ... that does not exist; lists the existing ones

An error of one package alone is defined in that package, below the same root: `NoWorkspace`, `NoExports` and
`UnusableHome` (settings), `DbtParseError`, `LocationNotLoaded` and `TransformNotUsable` (products), `CannotScaffold`
(scaffolding), `NeedsFile` (cli) and `InputsMissing` (testing).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_LISTED = 40
"""The maximum number of known names that an error lists whole."""


def shorten_list(names: Iterable[str], most: int = 12) -> str:
    """Return the names, comma-separated; after `most` of them, only the number of the others."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def as_sentence(text: str) -> str:
    """Return the text with one full stop at its end, whether or not it had one."""
    return f"{text.rstrip().rstrip('.')}."


def error_chain(error: BaseException, *, with_context: bool = False) -> Iterator[BaseException]:
    """Yield the error and its causes, each once; with context, also the errors that were being handled."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__ or (current.__context__ if with_context else None)


class BankmeshError(Exception):
    """Root of all errors that Bankmesh raises on purpose; the message is written for users."""

    is_wrong_call = False
    """Whether the caller named something that does not exist, or arguments that do not fit: exit code 2 of `mesh`."""


@dataclass(frozen=True)
class Place:
    """A position in a hand-written file; `line` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def relative_to(self, root: Path) -> Place:
        """Return the position in the file's path below `root`."""
        return Place(Path(self.file).relative_to(root).as_posix(), self.line)


@dataclass(frozen=True, order=True)
class Fault:
    """One fault in a hand-written file.

    `line` counts from 1; it is 0 for a fault of the file as a whole.
    `rule` is a stable kebab-case id (`unknown-key`, `wrong-type`, ...), which the documentation lists.
    """

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message} [{self.rule}]"


class FaultsFound(BankmeshError):
    """All faults of a set of hand-written files, sorted by file and line."""

    noun = "file"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(faults))
        files = len({fault.file for fault in self.faults})
        count = len(self.faults)
        head = f"{count} fault{'s' * (count != 1)} in {files} {self.noun}{'s' * (files != 1)}:"
        super().__init__("\n".join([head, *(f"  {fault}" for fault in self.faults)]))


class ContractFaults(FaultsFound):
    """Faults of data contracts."""

    noun = "contract"


class SourceFaults(FaultsFound):
    """Faults of source declarations."""

    noun = "source declaration"


class LegacyFileError(BankmeshError):
    """A legacy file cannot be landed at all: missing, empty, wrong columns or wrong encoding.

    `read` is what was read before that was noticed: counts of records, and those that are rejects.
    """

    def __init__(self, file: Path | str, problem: str, expected: str, read: str = "") -> None:
        self.file, self.problem, self.expected, self.read = str(file), problem, expected, read
        more = f" {as_sentence(read)}" if read else ""
        super().__init__(f"{file}: {as_sentence(problem)} Expected {as_sentence(expected)}{more}")


class NotDelivered(LegacyFileError):
    """The exports have no folder of a legacy system: the system was not delivered, its files have no faults."""

    def __init__(self, system: str, folder: Path | str) -> None:
        self.system, self.folder = system, str(folder)
        problem = f"{system} is not delivered, there is no such folder"
        super().__init__(folder, problem, "its export there, or BANK_DATA to name exports that hold it")


class NoLongerDelivered(NotDelivered):
    """An optional object was landed from files before and has none now: it is missing, not empty."""

    def __init__(self, name: str, folder: Path | str, rows: int) -> None:
        self.system, self.folder, self.rows = name, str(folder), rows
        system, _, item = name.partition(".")
        self.problem = f"{name} is no longer delivered; the landing before had {rows:,} rows"
        self.expected = "its files there"
        self.file = self.folder
        BankmeshError.__init__(
            self,
            f"{folder}: {self.problem}. Products that read it keep their last version. Expected {self.expected}. If it "
            f'is to be empty from now on: `mesh run DOMAIN.landing.{system}_{item} --accept-shrink "why"`.',
        )


class HistoryLost(LegacyFileError):
    """A landing has less than the last accepted one, and nobody has accepted the loss."""

    def __init__(self, name: str, losses: Sequence[str]) -> None:
        self.name, self.losses = name, tuple(losses)
        problem = f"it falls behind the last accepted landing: {'; '.join(losses)}"
        super().__init__(name, problem, "a whole export, or a person's decision that the loss is right")


class TransformError(BankmeshError):
    """A transform did not deliver the columns or types that its contract promises."""

    def __init__(self, product: str, problem: str, hint: str) -> None:
        self.product, self.problem, self.hint = product, problem, hint
        super().__init__(f"{product}: {as_sentence(problem)} {hint}" if hint else f"{product}: {problem}")


class PortError(BankmeshError):
    """An output port could not be read or written."""


class NotPublished(PortError):
    """A reader requested a product, or a version of one, that is not published."""

    is_wrong_call = True

    def __init__(self, product: str, version: int | None, available: Sequence[int]) -> None:
        self.product, self.version, self.available = product, version, tuple(available)
        if version is None:
            text = f"{product} has no published version yet. `mesh run {product}` builds it."
        else:
            known = ", ".join(map(str, available)) or "none"
            text = f"{product} has no version {version}. Readable versions: {known}."
        super().__init__(text)


class PublishConflict(PortError):
    """Another publisher committed first, and this candidate may not replace what it published."""

    def __init__(self, product: str, reason: str) -> None:
        self.product, self.reason = product, reason
        super().__init__(f"{product}: not published, {as_sentence(reason)} Run it again to build on what is there now.")


class UnknownName(BankmeshError):
    """A name that does not exist. `aliases` are other names of the known ones, which are suggested and not listed."""

    is_wrong_call = True

    def __init__(self, kind: str, name: str, known: Iterable[str], aliases: Iterable[str] = ()) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        # The last part alone names a product, too: `party` for `retail.party`.
        near = [other for other in self.known if other.rpartition(".")[2] == name]
        near = near[:1] or difflib.get_close_matches(name, sorted({*self.known, *aliases}), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        super().__init__(f"There is no {kind} {name}.{hint} Known: {self._listed() or 'none'}.")

    def _listed(self) -> str:
        """Return all known names or, of many, some: those that begin with the same part come first."""
        if len(self.known) <= _LISTED:
            return ", ".join(self.known)
        part = self.name.partition(".")[0]
        return shorten_list(sorted(self.known, key=lambda other: other.partition(".")[0] != part))


def root_cause(error: BaseException) -> str:
    """Return the text of the root cause: our own message if one is in the chain, else the last cause's."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    ours = [e for e in chain if isinstance(e, BankmeshError)]
    deepest = ours[-1] if ours else chain[-1]
    return str(deepest) or type(deepest).__name__
