"""The class of a column that a dbt project documents, in `meta` or tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = ("classification", "sensitivity", "data_classification")
_PERSONAL_KEYS = ("pii", "contains_pii", "is_pii")
_PERSONAL_TAGS = frozenset({"pii", "personal", "gdpr"})


def documented_class(column: Mapping[str, Any]) -> Classification | None:
    """Return the class that `meta` names for a column, such as `classification: restricted`; None without one."""
    meta = _meta(column)
    named = {level.label: level for level in Classification}
    return next((named[text] for key in _KEYS if (text := str(meta.get(key)).lower()) in named), None)


def is_personal(column: Mapping[str, Any]) -> bool:
    """Whether `meta` (`contains_pii: true`) or a tag (`pii`) says that a column is about a person."""
    tags = {str(tag).lower() for tag in [*(column.get("tags") or ()), *(column.get("policy_tags") or ())]}
    return bool(tags & _PERSONAL_TAGS) or any(_meta(column).get(key) is True for key in _PERSONAL_KEYS)


def _meta(column: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
