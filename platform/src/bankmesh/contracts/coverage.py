"""Lists where each clause of a contract is enforced or shown, or why it is not: `mesh contract coverage`.

A clause is a leaf of the document: a scalar, or an empty list or mapping. Each has exactly one entry, so that no part
of a contract is silently ignored. Promises that hold by default, without being written, come last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts import enforcement_points
from bankmesh.contracts.clause_rules import ClassificationKept, LosslessCasts, NotFinite, Volume
from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.contracts.parsing.access_clauses import PURPOSES
from bankmesh.contracts.parsing.version_clauses.profile_clause import PROFILE
from bankmesh.contracts.parsing.version_clauses.volume_clause import CUSTOM_PROPERTY, FREE
from bankmesh.errors import Place
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract
    from bankmesh.yaml.documents import Document, Path, Value

_COLUMN_DEPTH = 4  # ("schema", 0, "properties", 2)


@dataclass(frozen=True)
class Coverage:
    """What Bankmesh does with one leaf of a contract.

    `clause` is its path as people write it: `schema[0].properties[2].required`. `where` names the point at which it is
    enforced or shown; it is None if it is neither, and `reason` then gives the reason.
    """

    clause: str
    place: Place
    where: str | None
    reason: str | None

    @property
    def enforced(self) -> bool:
        """Whether the leaf is enforced or shown anywhere."""
        return self.where is not None

    @property
    def line(self) -> int:
        """The line of the leaf in the contract, from 1."""
        return self.place.line

    def __str__(self) -> str:
        """One line: line number, clause, point or reason."""
        return f"{self.line:>5}  {self.clause}: {self.where or f'not enforced, {self.reason}'}"


def coverage(contract: Contract) -> tuple[Coverage, ...]:
    """Return one entry for each leaf of the contract's text, in document order.

    Entries follow for the clauses that hold by default, and for the data tests of the product's dbt model.
    """
    document, _ = documents.parse(contract.file, contract.text)
    context = _Context(contract, document)
    written = tuple(_entry(context, path, value) for path, value in documents.leaves(document.data))
    return written + _by_default(contract) + _of_models(contract)


def _by_default(contract: Contract) -> tuple[Coverage, ...]:
    defaults: tuple[type, ...] = (ClassificationKept, LosslessCasts, NotFinite)
    defaults = defaults if CUSTOM_PROPERTY in contract.custom else (*defaults, Volume)
    unwritten = [clause for clause in contract.clauses if isinstance(clause.rule, defaults)]
    return tuple(Coverage(f"{c.name} (default)", c.place, f"gate: check {c.name}", None) for c in unwritten)


def _of_models(contract: Contract) -> tuple[Coverage, ...]:
    tests = [c for c in contract.clauses if isinstance(c.rule, DbtTest)]
    return tuple(Coverage(f"dbt data test {c.name}", c.place, f"gate: check {c.name}", None) for c in tests)


def point_of(pattern: str) -> str:
    """Return the entry of `POINTS` for a path with `[]` for positions: its own, or that of the nearest parent."""
    while pattern:
        pattern = pattern if pattern in enforcement_points.POINTS else pattern.removesuffix("[]")
        if pattern in enforcement_points.POINTS:
            return enforcement_points.POINTS[pattern]
        pattern = pattern.rpartition(".")[0]
    return enforcement_points.UNKNOWN


@dataclass(frozen=True)
class _Context:
    contract: Contract
    document: Document

    @property
    def checks(self) -> frozenset[str]:
        return frozenset(clause.name for clause in self.contract.clauses)

    def at(self, path: Path) -> Value:
        """Return the value at a path."""
        value = self.document.data
        for step in path:
            value = value[step]
        return value


def _entry(context: _Context, path: Path, value: Value) -> Coverage:
    text = _point(context, path, value)
    status = context.contract.status
    if text == enforcement_points.SCHEDULE and not status.in_force:
        text = enforcement_points.NOT_IN_FORCE.format(status=status.value)
    place = Place(context.document.file, context.document.line(path))
    spelled = documents.spell(path)
    if text.startswith("!"):
        return Coverage(spelled, place, None, text[1:])
    return Coverage(spelled, place, text, None)


def _point(context: _Context, path: Path, value: Value) -> str:
    """Return the point of a leaf, or its reason after a `!`."""
    if "customProperties" in path:
        return _custom(context, path)
    if value in ([], {}) or (value is None and "quality" not in path):
        return enforcement_points.NOTHING
    for key in ("quality", "relationships"):
        if key in path:
            return _written(context, path, path.index(key) + 2)
    if "logicalTypeOptions" in path:
        return _option(context, path, value)
    text = point_of(_pattern(path))
    if text in ("{level}", enforcement_points.ACCESS):
        entry = context.at(path[:2])
        return _level(entry) if text == "{level}" else _access(context, entry)
    return _declared(context, path, value) if "{check}" in text else _unless_false(path, value, text)


def _access(context: _Context, role: dict[str, Value]) -> str:
    """Return the point of a key of a role; one that gets nothing has none."""
    if role.get("access") is None:
        return enforcement_points.NO_ACCESS
    return enforcement_points.ACCESS if context.contract.purposes else enforcement_points.NO_PURPOSES


def _level(level: dict[str, Value]) -> str:
    if level["property"] == "frequency" and not level.get("schedule"):
        return enforcement_points.UNSCHEDULED
    return enforcement_points.LEVELS.get(level["property"], enforcement_points.OTHER_LEVEL)


def _pattern(path: Path) -> str:
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _unless_false(path: Path, value: Value, text: str) -> str:
    return enforcement_points.NOTHING if value is False and path[-1] == "partitioned" else text


def _gate(context: _Context, name: str) -> str:
    """Return the gate's check of that name; a name that was not compiled belongs to a key that promises nothing."""
    return f"gate: check {name}" if name in context.checks else enforcement_points.NOTHING


def _declared(context: _Context, path: Path, value: Value) -> str:
    """Return the point of `required`, `unique`, `primaryKey` or `primaryKeyPosition` of a column."""
    key = path[-1]
    column = context.at(path[:_COLUMN_DEPTH])
    if value is False or (key == "primaryKeyPosition" and column.get("primaryKey") is not True):
        return enforcement_points.NOTHING
    if key == "required":
        return _gate(context, f"{column['name']}__required")
    if key == "unique" and f"{column['name']}__unique" in context.checks:
        return _gate(context, f"{column['name']}__unique")
    return _gate(context, "primary_key_unique")


def _option(context: _Context, path: Path, value: Value) -> str:
    """Return the point of a key of `logicalTypeOptions`, of a column or of an array's items."""
    at = path.index("logicalTypeOptions")
    key, owner = str(path[at + 1]), context.at(path[:at])
    if key in enforcement_points.OPTION_CHECKS and not (key in ("minItems", "uniqueItems") and not value):
        return _gate(context, f"{context.at(path[:_COLUMN_DEPTH])['name']}__{enforcement_points.OPTION_CHECKS[key]}")
    if key == "format":
        return enforcement_points.FORMAT_POINTS.get(owner["logicalType"], enforcement_points.FORMAT_OF_TYPED)
    return enforcement_points.OPTION_POINTS.get(key, enforcement_points.NOTHING)


def _written(context: _Context, path: Path, depth: int) -> str:
    """Return the point of a leaf of the quality rule or relationship at `path[:depth]`."""
    key = path[depth]
    if key in enforcement_points.QUALITY_POINTS and "quality" in path:
        return enforcement_points.QUALITY_POINTS[str(key)]
    rule = context.at(path[:depth])
    if rule.get("type") == "text":
        return enforcement_points.PROSE
    line = context.document.line(path[:depth])
    names = [clause.name for clause in context.contract.clauses if clause.place.line == line]
    return f"gate: check {', '.join(names)}" if names else enforcement_points.UNKNOWN


def _custom(context: _Context, path: Path) -> str:
    """Return the point of a leaf of a custom property, at any depth."""
    at = path.index("customProperties")
    if at + 1 == len(path):  # an empty list
        return enforcement_points.NOTHING
    item = context.at(path[: at + 2])
    name = item["property"]
    if path[at + 2] in ("description", "id"):
        return enforcement_points.CUSTOM_WORDS
    if name == CUSTOM_PROPERTY and item["value"] == FREE:
        return enforcement_points.VOLUME_FREE
    if name == PROFILE:
        return enforcement_points.NOTHING if item["value"] == FREE else _gate(context, PROFILE)
    if name == "scope" and "quality" in path:
        return _written(context, path, path.index("quality") + 2)
    of_role = path[0] == "roles" and name == PURPOSES
    known = enforcement_points.CUSTOM_POINTS.get(name, enforcement_points.OWN)
    text = _access(context, context.at(path[:2])) if of_role else known
    return text.format(rule=item["value"]["rule"]) if "{rule}" in text else text
