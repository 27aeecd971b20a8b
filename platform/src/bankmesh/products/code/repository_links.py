"""The place of a code file in its repository, for lineage that is read elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class CodePlace:
    """A code file: its `url`, its `path` from the repository's root, and the commit that was checked out."""

    url: str
    path: str
    commit: str | None


def code_place(file: Path) -> CodePlace:
    """Return the place of a file; outside a repository, or in one without a remote, its URL is the file's own URI."""
    repository = _repository(file.resolve().parent)
    if repository is None:
        return CodePlace(file.resolve().as_uri(), file.name, None)
    root, remote, commit = repository
    path = file.resolve().relative_to(root).as_posix()
    shown = _web_address(remote) if remote else None
    url = f"{shown}/blob/{commit}/{path}" if shown and commit else file.resolve().as_uri()
    return CodePlace(url, path, commit)


@lru_cache(maxsize=64)
def _repository(folder: Path) -> tuple[Path, str | None, str | None] | None:
    from openlineage.client import git

    root = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    if root is None or not (root / ".git").is_dir():
        return None
    place = root / ".git"
    return root, git.get_git_repo_url(git_dir=place), git.get_git_version(place)


def _web_address(remote: str) -> str | None:
    """Return the web address of a remote, without credentials; None for a remote on this machine."""
    host, colon, path = remote.partition(":")
    if remote.startswith("git@") and colon:
        return f"https://{host.removeprefix('git@')}/{path.removesuffix('.git')}"
    parts = urlsplit(remote)
    if parts.scheme not in {"http", "https", "ssh"} or not parts.hostname:
        return None
    return urlunsplit(("https", parts.hostname, parts.path.removesuffix(".git"), "", ""))
