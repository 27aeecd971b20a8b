"""Code versions: a hash that changes when the contract or any code that makes the product changes."""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN = 16


def fingerprint_texts(texts: Iterable[str]) -> str:
    """Return sixteen hexadecimal digits over the texts, in order; line ends do not matter."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.replace("\r\n", "\n").encode())
        digest.update(b"\0")
    return digest.hexdigest()[:_SHOWN]


def imported_files(file: Path, package: Path) -> tuple[Path, ...]:
    """Return `file` and every module of `package` that it imports, directly or not, sorted.

    `package` is the folder of a domain's top-level package. Modules from other folders on the path count too,
    unless they are installed; installed code belongs to the platform's version.
    """
    return _with_imports([file], package)


def imported_modules(code: str, package: Path) -> tuple[Path, ...]:
    """Return the modules that Python code imports, directly or not, from `package` or not installed, sorted."""
    return _with_imports(_imported(ast.parse(code), package.parent / "code.py", package), package)


def _with_imports(files: Iterable[Path], package: Path) -> tuple[Path, ...]:
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += _imported(ast.parse(current.read_text(encoding="utf-8")), current, package)
    return tuple(sorted(found))


def _imported(tree: ast.Module, file: Path, package: Path) -> Iterator[Path]:
    """Yield the files that a module imports, with the `__init__.py` of its packages, which Python runs as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (path for name in names for path in _files_of(_import_root(name, package), name))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            root = file.parents[node.level - 1] if node.level else _import_root(module, package)
            for alias in node.names:
                yield from _files_of(root, f"{module}.{alias.name}".removeprefix("."))


def _import_root(name: str, package: Path) -> Path | None:
    """Return the folder on the path that a module is imported from; None for one that is installed."""
    top = name.partition(".")[0]
    return package.parent if top == package.name else _uninstalled_root(top)


def _files_of(root: Path | None, name: str) -> Iterator[Path]:
    """Yield the files below a folder that importing a dotted name runs; its last part may be a name in a module."""
    if root is None:
        return
    place = root
    for part in name.split("."):
        place = place / part
        candidates = (place.with_suffix(".py"), place / "__init__.py")
        yield from (path for path in candidates if path.is_file())


@cache
def _uninstalled_root(top: str) -> Path | None:
    """Return the folder of a module that is importable but not installed, such as a library of the bank's own."""
    if not top or top == "bankmesh" or top in sys.stdlib_module_names:
        return None
    try:
        found = find_spec(top)
    except (ImportError, ValueError):
        return None
    if found is None:
        return None
    # A package without `__init__.py` has no file of its own, and one folder at least.
    folders = list(found.submodule_search_locations or ())
    place = Path(folders[0] if folders else found.origin or "")
    is_installed = _PACKAGES & set(place.parts) or any(place.is_relative_to(folder) for folder in _STANDARD)
    return None if is_installed or not place.is_absolute() else place.parent


_PACKAGES = {"site-packages", "dist-packages"}
_STANDARD = tuple({Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
