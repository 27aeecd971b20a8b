"""Static reading of dbt code: the calls in Jinja and Python, with their lines, and where it does not parse."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from bankmesh.workspace.product_consumers import line_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2 import nodes

    Literal = str | int | float | bool | None


class CodeUnreadable(ValueError):
    """Code that is not valid Jinja or Python. `line` counts from 1 within the text that was read."""

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem
        super().__init__(problem)


@dataclass(frozen=True)
class Call:
    """One call in code: `ref('party', v=2)`. Arguments that are computed when the code runs are None."""

    name: str
    arguments: tuple[Literal, ...]
    keywords: tuple[tuple[str, Literal], ...]
    line: int


@dataclass(frozen=True)
class ParsedCode:
    """The names in a piece of code.

    Attributes:
        calls: every call.
        bound: names that it sets itself, or tests with `is defined`.
        lines: where it first reads each name.
        attributes: where it first reads an attribute of each name, as in `{{ target.name }}`, calls left out.
    """

    calls: tuple[Call, ...]
    bound: frozenset[str] = frozenset()
    lines: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, int] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def read_jinja(text: str) -> ParsedCode:
    """Return the names in one template, or in one macro. Raises CodeUnreadable."""
    import jinja2
    from dbt_common.clients.jinja import get_environment
    from dbt_common.exceptions import CompilationError
    from jinja2 import nodes

    try:
        tree = get_environment().parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise CodeUnreadable(error.lineno, _one_line(error.message or "it cannot be read")) from None
    except CompilationError as error:
        raise CodeUnreadable(1, _one_line(error.msg)) from None
    names = list(tree.find_all(nodes.Name))
    bound = {name.name for name in names if name.ctx != "load"} | {macro.name for macro in tree.find_all(nodes.Macro)}
    tested = (test.node for test in tree.find_all(nodes.Test) if test.name in {"defined", "undefined"})
    bound |= {node.name for node in tested if isinstance(node, nodes.Name)}
    called = [call for node in tree.find_all(nodes.Call) if (call := _jinja_call(node))]
    packages = {call.name.partition(".")[0] for call in called}
    owners = [*(n.node for n in tree.find_all(nodes.Getattr)), *(n.node for n in tree.find_all(nodes.Getitem))]
    attributes = [owner for owner in owners if isinstance(owner, nodes.Name)]
    return ParsedCode(
        tuple(called),
        frozenset(bound),
        _first_lines(name for name in names if name.ctx == "load"),
        _first_lines(name for name in attributes if name.name not in packages),
    )


def _first_lines(names: Iterable[nodes.Name]) -> dict[str, int]:
    lines: dict[str, int] = {}
    for name in names:
        lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    return lines


def _jinja_call(node: nodes.Call) -> Call | None:
    name = _dotted_name(node.node)
    if name is None:
        return None
    keywords = tuple((keyword.key, _constant(keyword.value)) for keyword in node.kwargs)
    return Call(name, tuple(map(_constant, node.args)), keywords, node.lineno)


def _dotted_name(node: nodes.Node) -> str | None:
    """Return `ref`, or `dbt_utils.star`; None for what is looked up in another way."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return None


def _constant(node: nodes.Node) -> Literal:
    from jinja2 import nodes

    return node.value if isinstance(node, nodes.Const) else None


_BLOCKS = frozenset({"macro", "materialization", "test", "data_test"})


def read_macro_file(text: str) -> ParsedCode:
    """Return the names in a file of macros, with lines counted in the file. Raises CodeUnreadable."""
    from dbt_common.clients.jinja import extract_toplevel_blocks
    from dbt_common.exceptions import CompilationError

    try:
        blocks = extract_toplevel_blocks(text, allowed_blocks=set(_BLOCKS), collect_raw_data=False)
    except CompilationError as error:
        line = re.search(r"\bline (\d+)|@ (\d+):|at (\d+):", error.msg)
        number = next((group for group in line.groups() if group), "1") if line else "1"
        raise CodeUnreadable(int(number), _one_line(error.msg)) from None
    codes = []
    for block in blocks:
        full = str(block.full_block)
        offset = line_at(text, max(text.find(full), 0)) - 1
        try:
            codes.append(_moved(read_jinja(full), offset))
        except CodeUnreadable as error:
            raise CodeUnreadable(error.line + offset, error.problem) from None
    return ParsedCode(
        tuple(call for code in codes for call in code.calls),
        frozenset(name for code in codes for name in code.bound),
        {name: line for code in reversed(codes) for name, line in code.lines.items()},
        {name: line for code in reversed(codes) for name, line in code.attributes.items()},
    )


def _moved(code: ParsedCode, offset: int) -> ParsedCode:
    """Return the same code further down in a file."""
    return ParsedCode(
        tuple(replace(call, line=call.line + offset) for call in code.calls),
        code.bound,
        {name: line + offset for name, line in code.lines.items()},
        {name: line + offset for name, line in code.attributes.items()},
    )


def read_python(text: str) -> ParsedCode:
    """Return the calls of `dbt.ref`, `dbt.source` etc. in a Python model, named as in Jinja. Raises CodeUnreadable."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise CodeUnreadable(line, _one_line(getattr(error, "msg", None) or str(error))) from None
    return ParsedCode(tuple(_python_calls(tree)))


def _python_calls(tree: ast.Module) -> Iterator[Call]:
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if not (isinstance(node, ast.Call) and isinstance(called, ast.Attribute)):
            continue
        if isinstance(called.value, ast.Name) and called.value.id == "dbt":
            keywords = tuple((keyword.arg or "", _python_constant(keyword.value)) for keyword in node.keywords)
            yield Call(called.attr, tuple(map(_python_constant, node.args)), keywords, node.lineno)


def _python_constant(node: ast.expr) -> Literal:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str | int | float | bool) else None


_YAML_CALL = re.compile(r"\b(?P<name>ref|var|doc)\s*\(\s*(?P<arguments>[^()]*)\)")
_COMMENT = re.compile(r"(?:^|\s)#")
_ARGUMENT = re.compile(r"""(?:(?P<key>\w+)\s*=\s*)?(?:(['"])(?P<text>.*?)\2|(?P<number>\d+))""")


def read_yaml_calls(text: str) -> ParsedCode:
    """Return the calls of `ref`, `var` and `doc` in the texts of a YAML file, which is searched and not parsed."""
    calls = []
    for found in _YAML_CALL.finditer(text):
        if _COMMENT.search(text[text.rfind("\n", 0, found.start()) + 1 : found.start()]):
            continue
        arguments: list[Literal] = []
        keywords: list[tuple[str, Literal]] = []
        for part in _ARGUMENT.finditer(found["arguments"]):
            value: Literal = int(part["number"]) if part["number"] else part["text"]
            if part["key"]:
                keywords.append((part["key"], value))
            else:
                arguments.append(value)
        calls.append(Call(found["name"], tuple(arguments), tuple(keywords), line_at(text, found.start())))
    return ParsedCode(tuple(calls))


def _one_line(problem: str) -> str:
    return " ".join(problem.split())
