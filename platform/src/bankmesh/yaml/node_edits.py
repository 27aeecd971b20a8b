"""Edits of YAML files as text, at the positions of their nodes, so that comments, layout and quotation marks stay.

Each edit is read again and compared with the data that it should give; a layout that does not allow it is refused.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    NodePath: TypeAlias = tuple[str | int, ...]
    Rewrite: TypeAlias = Callable[[NodePath, str], str]
    Selection: TypeAlias = Callable[[NodePath, Any], bool]

_QUOTES = "'\""


class LayoutNotEditable(BankmeshError):
    """The layout of a YAML file does not allow an edit in place; nothing was written."""

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem
        super().__init__(f"line {line}: {problem}")


def rewrite_scalars(text: str, rewrite: Rewrite) -> str:
    """Return the text in which each scalar is what `rewrite` returns for its path and value.

    The path of a key is that of its value, with the key itself as the last part and a leading `""`, so that keys and
    values differ. Text that is no YAML is returned unchanged. Raises LayoutNotEditable for a scalar that changes and
    has an anchor, a tag or escapes, or that an alias shares with a place where it does not change.
    """
    scalars = [scalar for root in _documents(text) for scalar in _scalars(root, ())]
    expected = [rewrite(path, node.value) for path, node in scalars]
    edits: dict[tuple[int, int], str] = {}  # by place, because aliases yield a scalar again
    for (path, node), new in zip(scalars, expected, strict=True):
        if new != node.value:
            start, end = node.start_mark.index, node.end_mark.index
            edits[start, end] = _rewritten(text[start:end], node.value, new, partial(rewrite, path))
    if not edits:
        return text
    edited = text
    for (start, end), new in sorted(edits.items(), reverse=True):
        edited = edited[:start] + new + edited[end:]
    found = [node.value for root in _documents(edited) for _, node in _scalars(root, ())]
    for index, (_, node) in enumerate(scalars):
        if len(found) != len(scalars) or found[index] != expected[index]:
            raise LayoutNotEditable(node.start_mark.line + 1, "its layout does not allow an edit in place")
    return edited


def _rewritten(written: str, value: str, new: str, rewrite: Callable[[str], str]) -> str:
    """Return a scalar as it is written with its new value; one over several lines is rewritten as it is written."""
    quoted = written[:1] in _QUOTES and written[-1:] == written[:1] and len(written) > 1
    inner = written[1:-1] if quoted else written
    if inner == value:
        return f"{written[0]}{new}{written[0]}" if quoted else new
    return rewrite(written)


def remove_entries(text: str, selected: Selection) -> str | None:
    """Return the text without the list items and mapping entries that are selected by path and value.

    Comments directly above an entry go with it, unless they begin the file. A list or mapping that would be empty goes,
    too; None if nothing is left. Raises LayoutNotEditable for entries in flow style, those that share a line, and files
    of several documents.
    """
    while True:
        documents = _documents(text)
        found = next((entry for root in documents for entry in _entries(root, (), selected)), None)
        if found is None:
            return text
        if len(documents) > 1:
            raise LayoutNotEditable(found.line, "the file has several documents")
        if found.whole:
            return None
        edited = _without_lines(text, found)
        if _data(edited) != _pruned(_data(text), found.path):
            raise LayoutNotEditable(found.line, "its layout does not allow an edit in place")
        text = edited


class _RemovedEntry:
    """An entry to remove: its content up to the line `last`, from 0, and the lines up to the next entry, `end`.

    `whole` if the document consists of it alone.
    """

    def __init__(self, path: NodePath, node: yaml.Node, last: int, end: int, *, whole: bool = False) -> None:
        self.path, self.node, self.last, self.end, self.whole = path, node, last, end, whole
        self.line = node.start_mark.line + 1


def _documents(text: str) -> list[yaml.Node]:
    try:
        # The pure Python loader, whose positions count characters; the C loader counts bytes.
        return [root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if root is not None]
    except (yaml.YAMLError, RecursionError):
        return []


def _data(text: str) -> Any:  # noqa: ANN401 - any YAML value
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - every scalar as text
    except yaml.YAMLError:
        return None


def _children(node: yaml.Node, path: NodePath) -> list[tuple[NodePath, yaml.Node, yaml.Node]]:
    """Return path, first node (the key of a mapping's entry) and value of each entry of a list or mapping."""
    if isinstance(node, yaml.MappingNode):
        return [((*path, str(key.value)), key, value) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [((*path, index), item, item) for index, item in enumerate(node.value)]
    return []


def _scalars(node: yaml.Node, path: NodePath) -> Iterator[tuple[NodePath, yaml.ScalarNode]]:
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    for inner, first, value in _children(node, path):
        if first is not value and isinstance(first, yaml.ScalarNode):
            yield ("", *inner), first
        yield from _scalars(value, inner)


def _plain(node: yaml.Node) -> Any:  # noqa: ANN401 - any YAML value
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    return [_plain(item) for item in node.value] if isinstance(node, yaml.SequenceNode) else node.value


def _entries(root: yaml.Node, path: NodePath, selected: Selection) -> Iterator[_RemovedEntry]:
    """Yield the entries to remove: of nested ones the outermost that has no other content."""
    children = _children(root, path)
    chosen = [_is_gone(value, inner, selected) for inner, _, value in children]
    if not path and children and all(chosen):
        yield _RemovedEntry(path, root, 0, 0, whole=True)
        return
    for index, ((inner, first, value), is_chosen) in enumerate(zip(children, chosen, strict=True)):
        if is_chosen:
            if isinstance(root, yaml.CollectionNode) and root.flow_style:
                raise LayoutNotEditable(first.start_mark.line + 1, "the entry is written in braces or brackets")
            following = children[index + 1][1].start_mark.line if index + 1 < len(children) else None
            last = _end_line(value)
            yield _RemovedEntry(inner, first, last, last if following is None else following)
        else:
            yield from _entries(value, inner, selected)


def _is_gone(node: yaml.Node, path: NodePath, selected: Selection) -> bool:
    """Whether nothing remains of a node: it is selected itself, or each of its entries is."""
    children = _children(node, path)
    return selected(path, _plain(node)) or (
        bool(children) and all(_is_gone(value, inner, selected) for inner, _, value in children)
    )


def _end_line(node: yaml.Node) -> int:
    """Return the line after the last one of a node, from 0; a block's own end mark includes trailing comments."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end = node.end_mark
    return int(end.line + (end.column > 0 or end.line == node.start_mark.line))


def _without_lines(text: str, entry: _RemovedEntry) -> str:
    lines = text.splitlines(keepends=True)
    start = entry.node.start_mark.line
    if lines[start][: entry.node.start_mark.column].strip() not in {"", "-"}:
        raise LayoutNotEditable(entry.line, "the entry begins in the line of another one")
    column = len(lines[start]) - len(lines[start].lstrip())
    above = start
    while above > 0 and _is_comment(lines[above - 1], range(column, column + 1)):
        above -= 1
    start = above or start  # comments that begin the file are about all of it
    # Comments between the entry and the next one belong to the rest, unless they are indented like its content.
    end = next((n for n in range(entry.last, entry.end) if _is_comment(lines[n], range(column + 1))), entry.end)
    return "".join([*lines[:start], *lines[end:]])


def _is_comment(line: str, columns: range) -> bool:
    return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) in columns


def _pruned(data: Any, removed: NodePath) -> Any:  # noqa: ANN401 - any YAML value
    """Return the data without the entry at a path."""
    step, *rest = removed
    entries = data.items() if isinstance(data, dict) else enumerate(data)
    kept = [
        (key, _pruned(value, tuple(rest)) if key == step else value) for key, value in entries if rest or key != step
    ]
    return dict(kept) if isinstance(data, dict) else [value for _, value in kept]
