"""Incidents as JSON texts, for the outbox."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bankmesh.alerts.facts import Severity
from bankmesh.alerts.incidents import Incident

_MOMENTS = ("opened_at", "changed_at")
_SETS = ("units", "waiting")
_LISTS = ("assets", "causes")


def to_text(incident: Incident) -> str:
    """One JSON object, the same for equal incidents."""
    fields: dict[str, Any] = asdict(incident)
    fields |= {name: fields[name].isoformat() for name in _MOMENTS}
    fields |= {name: sorted(fields[name]) for name in _SETS}
    fields["severity"] = incident.severity.label
    return json.dumps(fields, sort_keys=True)


def from_text(text: str) -> Incident:
    """The incident that `to_text` wrote."""
    fields: dict[str, Any] = json.loads(text)
    fields |= {name: datetime.fromisoformat(fields[name]) for name in _MOMENTS}
    fields |= {name: frozenset(fields[name]) for name in _SETS}
    fields |= {name: tuple(fields[name]) for name in _LISTS}
    fields["severity"] = Severity[fields["severity"].upper()]
    return Incident(**fields)
