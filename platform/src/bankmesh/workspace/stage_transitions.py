"""Status changes of contracts: checked against the whole workspace, then written to the contract's file."""

from __future__ import annotations

import codecs
import getpass
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.contract_editor import LifecycleEntry, move_text
from bankmesh.contracts.lifecycle import NEXT, next_stages
from bankmesh.contracts.parsing.contract_reader import faults_between, read_text
from bankmesh.errors import BankmeshError, ContractFaults, UnknownName
from bankmesh.names import split_major
from bankmesh.storage.atomic_files import write_atomically
from bankmesh.workspace.product_consumers import life_faults
from bankmesh.workspace.workspace_contracts import readable_contracts, workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bankmesh.contracts.model import Contract, Status
    from bankmesh.errors import Fault


class CannotMove(BankmeshError):
    """A contract cannot change to the requested status; nothing was written."""

    def __init__(self, port: str, problem: str) -> None:
        self.port, self.problem = port, problem
        super().__init__(f"{port}: {problem}")


@dataclass(frozen=True)
class StageMove:
    """An allowed status change: the contract before and after it, and the text to write."""

    before: Contract
    after: Contract

    @property
    def text(self) -> str:
        """The new text of the contract's file."""
        return self.after.text


def contract_of_port(root: Path, product: str) -> Contract:
    """Return the contract of `domain.product@MAJOR`; the major may be left out if there is only one.

    Raises UnknownName, CannotMove if several majors match, ContractFaults if it cannot be read.
    """
    name, major = split_major(product)
    sound = readable_contracts(root)
    found = [c for c in sound if c.product == name and major in {None, c.major}]
    if len(found) == 1:
        return found[0]
    if found:
        ports = " or ".join(contract.port_name.numbered for contract in sorted(found, key=lambda c: c.major))
        raise CannotMove(name, f"it has several majors; write {ports}")
    known = {contract.port for contract in workspace_contracts(root)}  # raises ContractFaults, if there are any
    raise UnknownName("product", product, known)


def plan_move(root: Path, contract: Contract, entry: LifecycleEntry, properties: Mapping[str, str]) -> StageMove:
    """Check a status change against the rules of the contract and of all others; writes nothing.

    `properties` are custom properties to set with it, such as `endOfSupport`. Raises CannotMove for a status that may
    not follow, ContractFaults for all faults that `mesh contract check` would find in the result, CannotEdit.
    """
    _check_words(contract, entry)
    allowed = NEXT[contract.status]
    if entry.status not in allowed:
        is_same = contract.status == entry.status
        said = f"already {contract.status}" if is_same else f"{contract.status}, and {entry.status} cannot follow"
        problem = f"it is {said}. What may follow is {next_stages(contract.status)}."
        raise CannotMove(contract.port, problem)
    after, faults = read_text(contract.file, move_text(contract.file, contract.text, entry, properties))
    if after is None:
        raise ContractFaults(faults)
    others = [other for other in readable_contracts(root) if other.file != contract.file]
    found = set(_faults_together(root, [*others, after])) - set(_faults_together(root, [*others, contract]))
    if found:
        raise ContractFaults(found)
    return StageMove(contract, after)


def _check_words(contract: Contract, entry: LifecycleEntry) -> None:
    for key, text in (("why", entry.why), ("by", entry.by)):
        if not text or not text.isprintable():
            raise CannotMove(contract.port, f"{key} is {text!r}; it must be one line of printable text, not blank.")
    try:
        day = date.fromisoformat(entry.date)
    except ValueError:
        raise CannotMove(contract.port, f"{entry.date} is not a date; write YYYY-MM-DD.") from None
    if day > today():
        raise CannotMove(contract.port, f"{entry.date} is in the future; a change is recorded once it is made.")


def _faults_together(root: Path, contracts: Sequence[Contract]) -> list[Fault]:
    return [*faults_between(contracts), *life_faults(root, contracts)]


def write_move(move: StageMove) -> None:
    """Write the contract's file atomically; its permissions and its byte-order mark, if any, stay."""
    file = Path(move.before.file)
    mark = "\ufeff" if file.read_bytes().startswith(codecs.BOM_UTF8) else ""
    mode = file.stat().st_mode
    write_atomically(file, mark + move.text)
    file.chmod(mode)


def today() -> date:
    """Return the current date in UTC."""
    return datetime.now(UTC).date()


def person(root: Path) -> str:
    """Return the name of the current user: git's `user.name`, else the login name."""
    git = shutil.which("git")
    if git is not None:
        command = [git, "-C", str(root), "config", "user.name"]
        named = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - fixed words
        if named:
            return named
    return getpass.getuser()


def move_entry(status: Status, why: str, by: str, on: date) -> LifecycleEntry:
    """Return the entry to record; runs of white space in `why` and `by` become one space."""
    return LifecycleEntry(status.value, on.isoformat(), " ".join(by.split()), " ".join(why.split()))
