"""Code versions: a hash that changes when the contract or any code that makes the product changes."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SHOWN = 16


def fingerprint_texts(texts: Iterable[str]) -> str:
    """Sixteen hexadecimal digits over the texts, in order; line ends do not matter."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.replace("\r\n", "\n").encode())
        digest.update(b"\0")
    return digest.hexdigest()[:_SHOWN]


def imported_files(file: Path, package: Path) -> tuple[Path, ...]:
    """`file` and every module of `package` that it imports, directly or not, sorted.

    `package` is the folder of a domain's top-level package; imports from elsewhere are pinned by the
    lock file and do not count.
    """
    return _with_imports([file], package)


def imported_modules(code: str, package: Path) -> tuple[Path, ...]:
    """Every module of `package` that a piece of Python code imports, directly or not, sorted."""
    names = _imported_names(ast.parse(code), package.parent / "code.py", package)
    return _with_imports([path for name in names if (path := _module_file(name, package))], package)


def _with_imports(files: Iterable[Path], package: Path) -> tuple[Path, ...]:
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        names = _imported_names(ast.parse(current.read_text(encoding="utf-8")), current, package)
        waiting += [path for name in names if (path := _module_file(name, package))]
    return tuple(sorted(found))


def _imported_names(tree: ast.Module, file: Path, package: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute_module(node, file, package)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def _absolute_module(node: ast.ImportFrom, file: Path, package: Path) -> str:
    if not node.level:
        return node.module or ""
    folder = file.parent
    for _ in range(node.level - 1):
        folder = folder.parent
    parts = folder.relative_to(package.parent).parts if folder.is_relative_to(package.parent) else ()
    return ".".join([*parts, *([node.module] if node.module else [])])


def _module_file(name: str, package: Path) -> Path | None:
    if name.partition(".")[0] != package.name:
        return None
    base = package.parent.joinpath(*name.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)
