"""Compares two versions of a contract: what changed, and whether it breaks the consumers.

Each rule is a small function from the old and the new contract to changes. A change is *breaking* if a consumer that
relied on the old contract to the letter can fail or be misled under the new one. Breaking changes need a new major;
`version-not-raised` reports that it was not raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.contracts.comparison.access_changes import ACCESS_RULES, REPORTED_ACCESS
from bankmesh.contracts.comparison.clause_changes import compare_clauses
from bankmesh.contracts.comparison.column_changes import COLUMN_RULES
from bankmesh.contracts.comparison.contract_change import Change, breaking, compatible
from bankmesh.contracts.comparison.lifecycle_changes import LIFE_RULES, REPORTED_PROPERTIES
from bankmesh.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bankmesh.contracts.model import Contract, ServiceLevel
    from bankmesh.yaml.documents import Value

__all__ = ["RULES", "Change", "compare", "is_breaking"]

# Service levels for which a shorter duration is the better promise, and those for which a longer one is.
_SHORTER_IS_BETTER = ("freshness", "latency", "frequency")
_LONGER_IS_BETTER = ("retention",)


def compare(old: Contract, new: Contract) -> tuple[Change, ...]:
    """Return every change from `old` to `new`, in the order of the rules; empty for equal contracts.

    Both contracts are versions of one product. Comparing the last version of a major with the first of the next lists
    the breaking changes that need the new major.
    """
    changes = tuple(change for rule in RULES for change in rule(old, new))
    return (*changes, *_version(old, new, changes))


def is_breaking(changes: tuple[Change, ...]) -> bool:
    """Whether any change needs a new major."""
    return any(change.breaking for change in changes)


def _owner(old: Contract, new: Contract) -> Iterator[Change]:
    if old.owner != new.owner:
        yield _at_file(new, "owner-changed", "owner", f"the owner was {old.owner} and is {new.owner}")


def _words(old: Contract, new: Contract) -> Iterator[Change]:
    for key in ("purpose", "usage", "limitations", "granularity", "table_description", "tags", "support"):
        if getattr(old, key) != getattr(new, key):
            yield _at_file(new, "description-changed", key, f"{key.replace('_', ' ')} changed")


def _partitioning(old: Contract, new: Contract) -> Iterator[Change]:
    if old.partitioning != new.partitioning:
        message = "how the product is partitioned changed; published partitions do not fit it"
        yield _at_file(new, "partitioning-changed", "partitioning", message, breaking=True)


def _product_type(old: Contract, new: Contract) -> Iterator[Change]:
    if old.product_type != new.product_type:
        message = f"the product was {old.product_type} and is {new.product_type}"
        yield _at_file(new, "product-type-changed", "productType", message)


def _identity(old: Contract, new: Contract) -> Iterator[Change]:
    if old.product != new.product:
        message = f"the product was {old.product} and is {new.product}"
        yield _at_file(new, "product-renamed", "id", message, breaking=True)


def _custom(old: Contract, new: Contract) -> Iterator[Change]:
    reported = ("productType", "partitioning", *REPORTED_PROPERTIES, *REPORTED_ACCESS)
    for name in dict.fromkeys([*old.custom, *new.custom]):
        if name not in reported and not _same(old.custom.get(name), new.custom.get(name)):
            yield _at_file(new, "custom-property-changed", name, f"custom property {name} changed")


def _same(one: Value, other: Value) -> bool:
    return type(one) is type(other) and bool(one == other)


def _service_levels(old: Contract, new: Contract) -> Iterator[Change]:
    for name in dict.fromkeys(level.property for level in (*old.service_levels, *new.service_levels)):
        before = [level for level in old.service_levels if level.property == name]
        after = [level for level in new.service_levels if level.property == name]
        yield from _one_service_level(name, before, after)


def _one_service_level(name: str, before: list[ServiceLevel], after: list[ServiceLevel]) -> Iterator[Change]:
    if not after:
        message = f"service level {name} was removed"
        yield breaking("service-level-removed", name, message, before[0].place)
    elif not before:
        yield compatible("service-level-added", name, f"service level {name} is new", after[0].place)
    elif len(before) == len(after) == 1 and before[0].seconds != after[0].seconds:
        yield _duration(name, before[0], after[0])
    elif [_terms(level) for level in before] != [_terms(level) for level in after]:
        place = after[0].place
        yield compatible("service-level-changed", name, f"service level {name} changed", place)


def _terms(level: ServiceLevel) -> tuple[Any, ...]:
    """Return the terms of a service level; equal durations compare as equal in any unit."""
    value = level.seconds if level.seconds is not None else (level.value, level.unit)
    return value, level.schedule, level.description


def _duration(name: str, was: ServiceLevel, now: ServiceLevel) -> Change:
    message = f"{name} was {was.value} {was.unit} and is {now.value} {now.unit}"
    if was.seconds is None or now.seconds is None or name not in _SHORTER_IS_BETTER + _LONGER_IS_BETTER:
        return compatible("service-level-changed", name, message, now.place)
    shorter = now.seconds < was.seconds
    if name in _LONGER_IS_BETTER:
        return Change(f"{name}-{'shortened' if shorter else 'lengthened'}", shorter, name, message, now.place)
    return Change(f"{name}-{'strengthened' if shorter else 'weakened'}", not shorter, name, message, now.place)


def _at_file(new: Contract, rule: str, subject: str, message: str, *, breaking: bool = False) -> Change:
    """Return a change without a line of its own, because the model keeps none for it."""
    return Change(rule, breaking, subject, message, Place(new.file, 1))


RULES: tuple[Callable[[Contract, Contract], Iterator[Change]], ...] = (
    _identity,
    *LIFE_RULES,
    _owner,
    _product_type,
    _partitioning,
    *COLUMN_RULES,
    compare_clauses,
    _service_levels,
    *ACCESS_RULES,
    _custom,
    _words,
)


def _version(old: Contract, new: Contract, changes: tuple[Change, ...]) -> Iterator[Change]:
    """Yield the changes of the version itself."""
    before, after = _numbers(old.version), _numbers(new.version)
    place = Place(new.file, 1)
    if changes and after == before:
        message = f"the contract changed, but its version is still {new.version}"
        yield compatible("version-unchanged", "version", message, place)
    if after < before:
        yield breaking("version-lowered", "version", f"version {new.version} is below {old.version}", place)
    if is_breaking(changes) and after[0] <= before[0]:
        wanted = f"{before[0] + 1}.0.0"
        message = f"a breaking change needs a new major: version {wanted}, in a contract file of its own"
        yield breaking("version-not-raised", "version", message, place)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
