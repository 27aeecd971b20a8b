"""Classification of columns, proposed by their names; a person reviews every one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from collections.abc import Mapping

REVIEW = "review: proposed"
"""The comment behind every proposed value."""

_RESTRICTED = re.compile(
    r"(?:^|_)(?:first_?name|last_?name|full_?name|surname|given_?name|family_?name|maiden_?name|customer_name|client_name"
    r"|name|e_?mail|phone|mobile|telephone|fax|address|street|birth|birth_?date|birthday|date_of_birth|dob|iban|ssn|social_security|national_id|passport|birth_?number|personal_id|tax_id|password|secret|pin|cvv|cvc"
    r"|card_?number|pan|health|religion|ethnicity)(?:_|$)"
)
_CONFIDENTIAL = re.compile(
    r"(?:^|_)(?:zip|postcode|postal_code|age|gender|sex|bic|account_?number|salary|income|balance|amount|credit|debit|ip"
    r"|latitude|longitude|marital_status|remark|comment|note|notes|message)(?:_|$)"
)
_NOT_PERSONS = re.compile(
    r"(?:product|store|branch|country|region|city|category|currency|item|supply|location|plan|file)_?name"
)


def propose_class(column: str, documented: Mapping[str, Any] | None = None) -> Classification:
    """Return the class that a column's name, tags or meta suggest; `internal` where nothing does."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower()
    by_meta = _by_documentation(documented or {})
    if by_meta is not None:
        return by_meta
    if _RESTRICTED.search(name) and not _NOT_PERSONS.search(name):
        return Classification.RESTRICTED
    if _CONFIDENTIAL.search(name):
        return Classification.CONFIDENTIAL
    return Classification.INTERNAL


def _by_documentation(documented: Mapping[str, Any]) -> Classification | None:
    meta = {**(documented.get("meta") or {}), **((documented.get("config") or {}).get("meta") or {})}
    tags = {str(tag).lower() for tag in [*(documented.get("tags") or ()), *(documented.get("policy_tags") or ())]}
    named = {level.label: level for level in Classification}
    for key in ("classification", "sensitivity", "data_classification"):
        if (level := named.get(str(meta.get(key)).lower())) is not None:
            return level
    if tags & {"pii", "personal", "gdpr"} or any(meta.get(key) is True for key in ("pii", "contains_pii", "is_pii")):
        return Classification.CONFIDENTIAL
    return None
