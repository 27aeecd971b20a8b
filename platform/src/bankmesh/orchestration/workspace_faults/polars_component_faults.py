"""Faults of a Polars product's `defs.yaml`: its contract, and the function that gets its inputs.

Read from the files as they are, without running the transform's module.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import Fault
from bankmesh.names import PortName

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.orchestration.workspace_faults.component_file_faults import ComponentEntry

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def polars_faults(
    entry: ComponentEntry, contracts: Mapping[str, Contract], declared: Collection[str]
) -> Iterator[Fault]:
    """Yield the faults of one Polars product: its attributes, contract, transform and parameters.

    Args:
        entry: the component.
        contracts: the contracts without fault, by port.
        declared: the ports that have a contract file, with faults or without.
    """
    wrong = list(_wrong_types(entry))
    if wrong or _has_template(entry.attributes):
        yield from wrong
        return
    name, major = entry.attributes["contract"], entry.attributes.get("major", 1)
    port = str(PortName(entry.domain, name, major))
    if port not in declared:
        yield Fault(str(entry.file), entry.line("contract"), "unknown-contract", _no_contract(entry, port, declared))
        return
    contract = contracts.get(port)
    if contract is not None and contract.status.has_port:
        yield from _transform_faults(entry, contract)


def _wrong_types(entry: ComponentEntry) -> Iterator[Fault]:
    """Yield faults of attributes of a wrong type, which Dagster's schema accepts because they could be templates."""
    wanted = {"contract": (str, "a text"), "transform": (str, "a text"), "major": (int, "a whole number")}
    for key, (kind, words) in wanted.items():
        value = entry.attributes.get(key, 1 if key == "major" else None)
        if type(value) is not kind and not _has_template(value):
            yield Fault(str(entry.file), entry.line(key), "component-attributes", f"attributes.{key} is {words}")
    inputs = entry.attributes.get("inputs")
    if not (isinstance(inputs, dict) and all(isinstance(value, str) for value in inputs.values())):
        message = "attributes.inputs gives each parameter of the transform the product or legacy object that it reads"
        yield Fault(str(entry.file), entry.line("inputs"), "component-attributes", message)


def _has_template(value: object) -> bool:
    """Return whether Dagster fills in a text anywhere in the value when the component loads."""
    if isinstance(value, dict):
        return any(map(_has_template, value.values()))
    return isinstance(value, str) and "{{" in value


def _no_contract(entry: ComponentEntry, port: str, declared: Collection[str]) -> str:
    near = nearest(port, declared)
    file = f"domains/{entry.domain}/src/{entry.domain}/contracts"
    todo = (
        f"Restore its contract in {file} and, if the product is to end, retire it with "
        f"`mesh contract move {port} retired`; or remove this component"
    )
    return f"there is no contract of {port}.{near} {todo}"


def _transform_faults(entry: ComponentEntry, contract: Contract) -> Iterator[Fault]:
    transform = entry.attributes["transform"]
    line = entry.line("transform")
    module, _, name = transform.lstrip(".").partition(":")
    file = entry.file.parent / f"{module}.py"
    if not (module and name):
        message = f"transform {transform}: write .module:function"
        yield Fault(str(entry.file), line, "unknown-transform", message)
        return
    if not file.is_file():
        modules = sorted(found.stem for found in entry.file.parent.glob("*.py"))
        message = f"there is no {file.name} beside {entry.file.name}.{nearest(module, modules)}"
        yield Fault(str(entry.file), line, "unknown-transform", message)
        return
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        at = getattr(error, "lineno", None) or 0
        yield Fault(str(file), at, "unknown-transform", f"not valid Python: {getattr(error, 'msg', error)}")
        return
    functions, others = _names(tree)
    if name in functions:
        yield from _parameter_faults(entry, contract, functions[name], file)
    elif name not in others and "*" not in others:
        message = f"{file.name} has no function {name}.{nearest(name, functions)}"
        yield Fault(str(entry.file), line, "unknown-transform", message)


def _names(tree: ast.Module) -> tuple[dict[str, _Function], set[str]]:
    """Return the plain functions at the top of a module by name, and all other names that it binds or might bind.

    A decorated function is among the others: a decorator may change its parameters.
    """
    functions: dict[str, _Function] = {}
    others: set[str] = set()
    for node in tree.body:
        if isinstance(node, _Function) and not node.decorator_list:
            functions[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            others |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        else:
            bound = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
            others |= {*bound, *(n.name for n in ast.walk(node) if isinstance(n, _Function | ast.ClassDef))}
    return {name: node for name, node in functions.items() if name not in others}, others


def _parameter_faults(entry: ComponentEntry, contract: Contract, function: _Function, file: Path) -> Iterator[Fault]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    taken = {argument.arg for argument in every if argument is not None}
    given = {*(entry.attributes.get("inputs") or {}), *({"partitions"} if contract.partitioning else ())}
    if taken != given:
        parts = [
            *(f"has no parameter for {name}" for name in sorted(given - taken)),
            *(f"takes {name}, which its {entry.file.name} does not give" for name in sorted(taken - given)),
        ]
        message = f"{function.name} {'; '.join(parts)}"
        yield Fault(str(file), function.lineno, "transform-parameters", message)
