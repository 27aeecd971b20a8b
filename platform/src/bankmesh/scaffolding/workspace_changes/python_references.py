"""The new name of a product in Python files: ids in texts and comments, imports of its folder, its transform."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.scaffolding.workspace_changes.product_references import rename_ids

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bankmesh.names import PortName


@dataclass(frozen=True)
class PythonRename:
    """What changes its name in Python.

    Attributes:
        old: the port; its id is replaced in texts and comments.
        new: its new name.
        folder: the folder of its component below `defs`, and its new name; None if it stays.
        function: the name of the transform, and its new name; None if it stays.
    """

    old: PortName
    new: PortName
    folder: tuple[str, str] | None = None
    function: tuple[str, str] | None = None


def rename_in_python(text: str, rename: PythonRename, *, is_transform: bool = False) -> str:
    """Return the text with the new name; text that is not Python is returned unchanged.

    `is_transform` is for the module that defines the transform.
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))
        tree = ast.parse(text)
    except (tokenize.TokenError, SyntaxError):
        return text
    edits = dict(_edits(tokens, tree, rename, is_transform=is_transform))
    lines = list(io.StringIO(text, newline=""))
    for token in reversed(tokens):
        if token.start in edits:
            _replace(lines, token, edits[token.start])
    return "".join(lines)


def defines_function(text: str, name: str, new: str) -> bool:
    """Whether a module defines the function at its top, and uses neither name for anything else."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    used = _identifiers(tree)
    return len(defined) == 1 and used[name] == 1 and not used[new]


def _edits(
    tokens: Sequence[tokenize.TokenInfo], tree: ast.Module, rename: PythonRename, *, is_transform: bool
) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield the start of each token that changes, and its new text."""
    words = [token for token in tokens if token.type not in {tokenize.NL, tokenize.INDENT, tokenize.DEDENT}]
    imported, modules = _imported(tree, rename)
    for index, token in enumerate(words):
        before = [word.string for word in words[max(0, index - 4) : index]]
        if token.type in {tokenize.STRING, tokenize.COMMENT}:
            new = rename_ids(token.string, rename.old, rename.new)
            if before[-2:] == [_quoted(rename.old.domain, words[index - 2].string), ","] and _is_name(
                token.string, rename
            ):
                new = token.string.replace(rename.old.table, rename.new.table, 1)
            yield token.start, new
        elif token.type == tokenize.NAME:
            if rename.folder and token.string == rename.folder[0] and before == [rename.old.domain, ".", "defs", "."]:
                yield token.start, rename.folder[1]
            elif token.start in imported:
                yield token.start, imported[token.start]
            elif rename.function and token.string == rename.function[0]:
                is_defined = is_transform and before[-1:] == ["def"] and token.start[1] == len("def ")
                is_attribute = before[-1:] == ["."] and before[-2] in modules
                if is_defined or is_attribute or (rename.function[1] in imported.values() and before[-1:] != ["."]):
                    yield token.start, rename.function[1]


def _quoted(domain: str, written: str) -> str:
    """Return the text as it is written, if it is the domain in quotes, else a text that equals nothing."""
    return written if written in {f'"{domain}"', f"'{domain}'"} else ""


def _is_name(written: str, rename: PythonRename) -> bool:
    table = rename.old.table
    return written in {f'"{table}"', f"'{table}'"}


def _imported(tree: ast.Module, rename: PythonRename) -> tuple[dict[tuple[int, int], str], Collection[str]]:
    """Return how the transform is imported by its name, by the place of the name, and the names of its module.

    It keeps its name in a file that uses it, or the new one, for something else too: `client as party`.
    """
    if rename.function is None or rename.folder is None:
        return {}, ()
    package = f"{rename.old.domain}.defs.{rename.folder[0]}"
    old, new = rename.function
    used = _identifiers(tree)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg | ast.keyword) and node.arg}
    imported, modules = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            modules |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            for alias in node.names:
                if alias.name == old:
                    is_free = alias.asname is not None or (old not in bound | _in_f_strings(tree) and not used[new])
                    imported[alias.lineno, alias.col_offset] = new if is_free else f"{new} as {old}"
    return imported, modules


def _in_f_strings(tree: ast.Module) -> set[str]:
    """Return the variables in f-strings, which are one token before Python 3.12."""
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    return {node.id for text in texts for node in ast.walk(text) if isinstance(node, ast.Name)}


def imports_folder(text: str, package: str, folder: str, *, by_path: bool) -> int | None:
    """Return the line of `from package import folder` or, with `by_path`, of `import package.folder.module`."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return None
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == package and not node.level:
            is_meant = any(alias.name == folder for alias in node.names)
        else:
            names = [alias.name for alias in node.names] if by_path and isinstance(node, ast.Import) else []
            is_meant = any(f"{name}.".startswith(f"{package}.{folder}.") for name in names)
        if is_meant and isinstance(node, ast.ImportFrom | ast.Import):
            return node.lineno
    return None


def _identifiers(tree: ast.Module) -> Counter[str]:
    """Return how often a module's code has each name: of variables, parameters, keywords, functions and imports."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                found[name] += 1
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] += 1
            case ast.alias():
                found[node.asname or node.name] += 1
    return found


def _replace(lines: list[str], token: tokenize.TokenInfo, new: str) -> None:
    (row, start), (last, end) = token.start, token.end
    head, tail = lines[row - 1][:start], lines[last - 1][end:]
    lines[row - 1 : last] = [f"{head}{new}{tail}"]
