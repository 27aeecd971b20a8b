"""Validates a document against the JSON Schema of the Open Data Contract Standard, with one fault for one mistake.

The schema is read from the `open-data-contract-standard` package. For a single mistyped key, a general validator
reports up to ten errors from `oneOf`, `allOf` and `unevaluatedProperties`, mostly on the line of the surrounding
mapping, and suggests no nearest key; it also takes about ten times as long. This walk over the same schema implements
the keywords that the schema uses and raises on an unknown one; tests compare it with the `jsonschema` package.

It is stricter than the schema in one way: an object with listed keys allows no other key, even where the schema does
not close it (`description`).
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.exact_numbers import is_number, spell_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.yaml.documents import Path, Value

Schema = dict[str, Any]

_ASSERTIONS = frozenset(
    {
        "type",
        "enum",
        "const",
        "pattern",
        "required",
        "properties",
        "items",
        "additionalProperties",
        "unevaluatedProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "$ref",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minimum",
        "exclusiveMinimum",
    }
)
_ANNOTATIONS = frozenset({"$schema", "$defs", "title", "description", "default", "deprecated", "examples", "format"})
_PLAIN_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("text", (str,)),
    "number": ("a number", (int, float, Decimal)),
    "integer": ("a whole number", (int,)),
    "boolean": ("true or false", (bool,)),
    "null": ("empty", (type(None),)),
    "array": ("a list", (list,)),
    "object": ("a mapping of keys", (dict,)),
}


@dataclass(frozen=True)
class Finding:
    """One violation of the standard, by the path of the offending key or item."""

    path: Path
    rule: str
    message: str


@cache
def schema() -> Schema:
    """Return the standard's JSON Schema, v3.1.0, from the installed package; read once."""
    text = resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    loaded: Schema = json.loads(text)
    unknown = sorted(set(_keywords(loaded)) - _ASSERTIONS - _ANNOTATIONS)
    if unknown:
        raise RuntimeError(f"the installed standard uses JSON Schema keywords not known here: {unknown}")
    return loaded


def check(data: Value) -> tuple[Finding, ...]:
    """Return every violation of the standard in `data`, in document order; empty for a conforming document."""
    return tuple(dict.fromkeys(_check(schema(), data, ())))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint such as ` Did you mean status?`, or an empty text."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]}?" if near else ""


def _keywords(node: Schema) -> Iterator[str]:
    """Yield all keywords used in a schema, without mistaking property names for keywords."""
    for key, value in node.items():
        yield key
        if key in ("properties", "$defs"):
            for name, sub in value.items():
                if name == "ServerSource":  # a folder of definitions, not a definition
                    for inner in sub.values():
                        yield from _keywords(inner)
                else:
                    yield from _keywords(sub)
        elif key in ("allOf", "anyOf", "oneOf"):
            for sub in value:
                yield from _keywords(sub)
        elif key in ("items", "not", "if", "then"):
            yield from _keywords(value)


@cache
def _definition(reference: str) -> Schema:
    node: Schema = schema()
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def _applied(node: Schema, value: Value) -> Iterator[Schema]:
    """Yield `node` and all schemas that apply to the same value: through `$ref`, `allOf` and a satisfied `if`."""
    yield node
    if "$ref" in node:
        yield from _applied(_definition(node["$ref"]), value)
    for sub in node.get("allOf", ()):
        yield from _applied(sub, value)
    if "if" in node and _holds(node["if"], value):
        yield from _applied(node["then"], value)


def _holds(condition: Schema, value: Value) -> bool:
    """Whether an `if` holds. An absent property satisfies no condition.

    In JSON Schema it does, so a column without logicalType would have to obey the options of all types; Bankmesh
    reports the absent logicalType instead.
    """
    if "anyOf" in condition:
        return any(_holds(sub, value) for sub in condition["anyOf"])
    named = condition.get("properties", {})
    return isinstance(value, dict) and all(
        key in value and not any(_check(sub, value[key], ())) for key, sub in named.items()
    )


def _check(node: Schema, value: Value, path: Path, *, whole: bool = True) -> Iterator[Finding]:
    """Yield findings at and below `path`; `whole` is False if `node` describes only a part of the object there."""
    applied = list(_applied(node, value))
    wrong = next((s["type"] for s in applied if "type" in s and not _is_a(value, s["type"])), None)
    if wrong is not None:
        yield Finding(path, "wrong-type", _wrong_type(path, value, wrong))
        return
    for branches in [part[word] for part in applied for word in ("oneOf", "anyOf") if word in part]:
        findings, chosen = _choose(branches, value, path)
        yield from findings
        applied.extend(s for branch in chosen for s in _applied(branch, value))
    for part in applied:
        yield from _check_bounds(part, value, path)
    if isinstance(value, dict):
        yield from _check_keys(applied, value, path)
        yield from _check_object(applied, value, path, whole=whole)
    elif isinstance(value, list):
        for sub in (part["items"] for part in applied if "items" in part):
            for index, item in enumerate(value):
                yield from _check(sub, item, (*path, index))


def _check_bounds(node: Schema, value: Value, path: Path) -> Iterator[Finding]:
    where = _name(path)
    if "enum" in node and value not in node["enum"]:
        hint = nearest(str(value), node["enum"])
        allowed = ", ".join(map(str, node["enum"]))
        yield Finding(path, "bad-value", f"{where} cannot be {_show(value)}.{hint} Allowed: {allowed}")
    if "const" in node and value != node["const"]:
        yield Finding(path, "bad-value", f"{where} must be {node['const']}")
    if "pattern" in node and isinstance(value, str) and not re.search(node["pattern"], value):
        wanted = node.get("description") or f"text that matches {node['pattern']}"
        yield Finding(path, "bad-value", f"{where} cannot be {_show(value)}; expected {wanted}")
    number = is_number(value)
    if "minimum" in node and number and value < node["minimum"]:
        yield Finding(path, "bad-value", f"{where} must be at least {node['minimum']}, not {_show(value)}")
    if "exclusiveMinimum" in node and number and value <= node["exclusiveMinimum"]:
        yield Finding(path, "bad-value", f"{where} must be more than {node['exclusiveMinimum']}, not {_show(value)}")
    if isinstance(value, list):
        least, most = node.get("minItems", 0), node.get("maxItems", len(value))
        if not least <= len(value) <= most:
            wanted = f"exactly {least}" if least == most else f"at least {least}"
            yield Finding(path, "bad-value", f"{where} must have {wanted} items, not {len(value)}")
        elif node.get("uniqueItems") and any(item in value[:at] for at, item in enumerate(value)):
            yield Finding(path, "bad-value", f"{where} must not repeat an item")


def _check_keys(applied: list[Schema], value: dict[str, Any], path: Path) -> Iterator[Finding]:
    """Yield findings for missing required keys and for forbidden keys."""
    for part in applied:
        for key in part.get("required", ()):
            if key not in value:
                yield Finding((*path, key), "missing-key", f"{_name(path)} needs the key {key}")
        for key in part.get("not", {}).get("required", ()):
            if key in value:
                yield Finding((*path, key), "unknown-key", f"{key} does not belong here")


def _check_object(applied: list[Schema], value: dict[str, Any], path: Path, *, whole: bool) -> Iterator[Finding]:
    """Yield findings for unknown keys, and for everything below the known ones."""
    known: dict[str, list[Schema]] = {}
    for part in applied:
        for key, sub in part.get("properties", {}).items():
            known.setdefault(key, []).append(sub)
    closed = any(part.get(word) is False for part in applied for word in _CLOSING)
    for key, inner in value.items():
        for sub in known.get(key, ()):
            yield from _check(sub, inner, (*path, key))
        if key not in known and ((known and whole) or closed):
            hint = nearest(key, known)
            yield Finding((*path, key), "unknown-key", f"{_name(path)} has no key {key} in the standard.{hint}")


_CLOSING = ("additionalProperties", "unevaluatedProperties")


def _choose(branches: list[Schema], value: Value, path: Path) -> tuple[list[Finding], list[Schema]]:
    """Return findings and the chosen branch of a `oneOf` or `anyOf`; findings only if no branch can be chosen."""
    needed = [tuple(branch.get("required", ())) for branch in branches]
    if all(needed) and isinstance(value, dict):  # distinguished by the key present, like quality operators
        meant = [b for b, keys in zip(branches, needed, strict=True) if all(key in value for key in keys)]
        names = [key for keys in needed for key in keys]
        if not meant:
            return [Finding(path, "missing-key", f"{_name(path)} needs one of: {', '.join(names)}")], []
        if len(meant) > 1:
            given = [key for key in value if key in names]
            message = f"{_name(path)} takes only one of {' and '.join(given)}"
            return [Finding((*path, given[1]), "bad-value", message)], meant
        return [], meant
    tried = [(list(_check(branch, value, path, whole=False)), branch) for branch in branches]
    fitting = [branch for findings, branch in tried if not findings]
    if fitting:
        return [], []
    return _explain(tried, value, path), []


def _explain(tried: list[tuple[list[Finding], Schema]], value: Value, path: Path) -> list[Finding]:
    """Return the findings of the closest branch: the right type first, then the fewest findings."""
    typed = [(f, b) for f, b in tried if not any(x.path == path and x.rule == "wrong-type" for x in f)]
    if not typed:
        kinds = [s["type"] for _, b in tried for s in _applied(b, value) if isinstance(s.get("type"), str)]
        if len(kinds) == len(tried):
            wanted = " or ".join(dict.fromkeys(_PLAIN_TYPES[kind][0] for kind in kinds))
            return [Finding(path, "wrong-type", f"{_name(path)} must be {wanted}, not {_kind(value)}")]
        typed = tried
    if len(typed) > 1 and all(len(f) == 1 and f[0].path == path and f[0].rule == "bad-value" for f, _ in typed):
        wanted = "; or ".join(f[0].message.partition("; expected ")[2] for f, _ in typed)
        return [Finding(path, "bad-value", f"{_name(path)} cannot be {_show(value)}; expected {wanted}")]
    return min((findings for findings, _ in typed), key=len)


def _is_a(value: Value, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float | Decimal):
        return value.is_integer() if isinstance(value, float) else value == value.to_integral_value()
    return isinstance(value, _PLAIN_TYPES[kind][1])


def _wrong_type(path: Path, value: Value, kind: str) -> str:
    wanted = _PLAIN_TYPES[kind][0]
    message = f"{_name(path)} must be {wanted}, not {_kind(value)}"
    if kind == "string" and isinstance(value, bool | int | float | Decimal):
        return f"{message}; put it in quotes"
    return message


def _kind(value: Value) -> str:
    if value is None:
        return "empty"
    kinds = [text for text, types in _PLAIN_TYPES.values() if type(value) in types]
    described = kinds[0] if kinds else type(value).__name__
    return described if isinstance(value, dict | list) else f"{described} ({_show(value)})"


def _show(value: Value) -> str:
    text = spell_number(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


_LONGEST = 60


def _name(path: Path) -> str:
    """Return the name of `path` in messages: the last key, with the position for an item of a list."""
    if not path:
        return "the contract"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_name(path[:-1])}"
    return str(path[-1])
