"""Earlier texts of a contract: from a git revision, or from the newest published version of its port."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import yaml

from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.errors import BankmeshError, ContractFaults
from bankmesh.ports import kept_contract, newest_good, port_at

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


class RevisionNotFound(BankmeshError):
    """There is no earlier text of a contract to compare with, for the reason in `problem`."""

    def __init__(self, port: str, problem: str) -> None:
        self.port, self.problem = port, problem
        super().__init__(f"{port}: {problem}")


def contract_in_git(contract: Contract, revision: str) -> Contract:
    """Return the contract at a git revision, found by its path, else by id and major, else by its path before a rename.

    Raises RevisionNotFound, and ContractFaults for a text that this release refuses.
    """
    repository = _open_repository(contract, revision)
    path = repository.path_of(Path(contract.file))
    found = path if repository.has(path) else repository.path_of_id(contract) or repository.path_before(path)
    if found is None:
        problem = f"{path} is not in {revision}, and no other contract there has its id or was renamed to it."
        raise RevisionNotFound(contract.port, problem)
    return _read(f"{revision}:{found}", repository.text(found))


def published_contract(contract: Contract, home: Path) -> Contract:
    """Return the contract under which the newest version that is not withdrawn was published.

    Raises RevisionNotFound, and ContractFaults for a text that this release refuses.
    """
    port = port_at(home, contract.product, contract.major)
    newest = newest_good(port)
    if newest is None:
        raise RevisionNotFound(contract.port, "it has no published version to compare with. `mesh run` publishes one.")
    digest = newest.provenance.contract_digest
    kept = kept_contract(port, digest) if digest else None
    if kept is None:
        problem = f"the contract of version {newest.version} was not stored. Compare with git: --against REVISION."
        raise RevisionNotFound(contract.port, problem)
    # A contract must be named after its product, so the stored text is read under the current file name.
    return _read(PurePath(contract.file).name, kept.read_text(encoding="utf-8"))


def _read(label: str, text: str) -> Contract:
    contract, faults = read_text(label, text)
    if contract is None:
        raise ContractFaults(faults)
    return contract


@dataclass(frozen=True)
class _Repository:
    """A git repository at one commit."""

    git: str
    top: Path
    commit: str

    def path_of(self, file: Path) -> str:
        return file.resolve().relative_to(self.top).as_posix()

    def has(self, path: str) -> bool:
        return self._run("cat-file", "-e", f"{self.commit}:{path}").returncode == 0

    def text(self, path: str) -> str:
        return self._run("cat-file", "blob", f"{self.commit}:{path}").stdout

    def path_of_id(self, contract: Contract) -> str | None:
        """Return the path of the commit's contract file with this id and major, None if there is none."""
        listed = self._run("grep", "-z", "-l", "-F", "-e", contract.product, self.commit, "--", ":(top)*.odcs.yaml")
        for name in filter(None, listed.stdout.split("\0")):
            path = name.removeprefix(f"{self.commit}:")
            if _identity(self.text(path)) == (contract.product, str(contract.major)):
                return path
        return None

    def path_before(self, path: str) -> str | None:
        """Return the file's path in the commit if git detects a rename since, else None."""
        listed = self._run(
            "diff", "--name-status", "-z", "--diff-filter=R", "-M", self.commit, "--", ":(top)*.odcs.yaml"
        )
        words = iter(listed.stdout.split("\0"))
        renamed = {new: old for _, old, new in zip(words, words, words, strict=False)}
        return renamed.get(path)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [self.git, "-C", str(self.top), *words]
        return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)  # noqa: S603 - fixed words, paths after `--` and a resolved commit


def _identity(text: str) -> tuple[str, str] | None:
    """Return id and major of a contract's text, also if it has faults; None if it is no YAML mapping."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return (str(found.get("id")), str(found.get("version")).partition(".")[0]) if isinstance(found, dict) else None


def _open_repository(contract: Contract, revision: str) -> _Repository:
    git = shutil.which("git")
    if git is None:
        raise RevisionNotFound(contract.port, "git is not installed, so there is no revision to compare with.")
    folder = Path(contract.file).resolve().parent
    top = _run_git(git, folder, "rev-parse", "--show-toplevel")
    if not top:
        raise RevisionNotFound(contract.port, f"{folder} is not in a git repository.")
    commit = _run_git(git, folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        raise RevisionNotFound(contract.port, f"the git repository {top} has no revision {revision}.")
    return _Repository(git, Path(top).resolve(), commit)


def _run_git(git: str, folder: Path, *words: str) -> str:
    command = [git, "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - fixed words and a revision after `--end-of-options`
