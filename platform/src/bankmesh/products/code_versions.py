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
    from collections.abc import Iterable

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

    `package` is the folder of a domain's top-level package. Of imports from elsewhere, modules of a folder that is on
    the path and not installed count too; what is installed belongs to the platform's version.
    """
    return _with_imports([file], package)


def imported_modules(code: str, package: Path) -> tuple[Path, ...]:
    """Every module of `package`, or not installed, that a piece of Python code imports, directly or not, sorted."""
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
    base = _import_root(file, package)
    parts = folder.relative_to(base).parts if folder.is_relative_to(base) else ()
    return ".".join([*parts, *([node.module] if node.module else [])])


def _import_root(file: Path, package: Path) -> Path:
    """The folder on the path below which a file is a module."""
    if file.is_relative_to(package.parent):
        return package.parent
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _module_file(name: str, package: Path) -> Path | None:
    top = name.partition(".")[0]
    root = package.parent if top == package.name else _uninstalled_root(top)
    if root is None:
        return None
    base = root.joinpath(*name.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


@cache
def _uninstalled_root(top: str) -> Path | None:
    """The folder of a module that Python finds and nobody has installed, such as a library of the bank's own."""
    if not top or top == "bankmesh" or top in sys.stdlib_module_names:
        return None
    try:
        found = find_spec(top)
    except (ImportError, ValueError):
        return None
    if found is None or not found.has_location or found.origin is None:
        return None
    file = Path(found.origin)
    if _PACKAGES & set(file.parts) or any(file.is_relative_to(folder) for folder in _STANDARD):
        return None
    return file.parents[1] if file.name == "__init__.py" else file.parent


_PACKAGES = {"site-packages", "dist-packages"}
_STANDARD = tuple({Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
