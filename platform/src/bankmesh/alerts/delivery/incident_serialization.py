"""Incidents as JSON texts, for the outbox; also those of releases with one incident for each check and each run."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bankmesh.alerts.event_facts import FAILED, AlertSeverity, Cause, asset_of
from bankmesh.alerts.model import CHECK, FRESHNESS, RUN, Incident, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOMENTS = ("opened_at", "changed_at", "since", "ended_at")
_PROBLEM_DEFAULTS = {field.name: field.default for field in fields(Problem)}


def to_text(incident: Incident) -> str:
    """Return one JSON object, the same for equal incidents."""
    found = {**asdict(incident), "problems": [_problem_fields(problem) for problem in incident.problems]}
    return json.dumps(_plain(found), sort_keys=True)


def from_text(text: str) -> Incident:
    """Return the incident that `to_text` wrote, of this release or one before."""
    found: dict[str, Any] = json.loads(text)
    if "problems" not in found:
        return _from_earlier(found)
    problems = tuple(
        Problem(**_typed(each) | {"units": frozenset(each["units"]), "errors": tuple(each.get("errors", ()))})
        for each in found["problems"]
    )
    cause = Cause(**found["cause"]) if found["cause"] else None
    return Incident(**_typed(found) | {"problems": problems, "cause": cause, "news": tuple(found["news"])})


def _problem_fields(problem: Problem) -> dict[str, Any]:
    """Return the fields that differ from their default, because a list may be long."""
    return _plain({name: value for name, value in asdict(problem).items() if value != _PROBLEM_DEFAULTS[name]})


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in found.items()}


def _plain_value(value: Any) -> Any:  # noqa: ANN401 - any field
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, AlertSeverity):
        return value.label
    return sorted(value) if isinstance(value, frozenset) else value


def _typed(found: Mapping[str, Any]) -> dict[str, Any]:
    moments = {name: datetime.fromisoformat(found[name]) for name in _MOMENTS if found.get(name)}
    return {**found, **moments, "severity": AlertSeverity[found["severity"].upper()]}


def _from_earlier(found: Mapping[str, Any]) -> Incident:
    """Return an incident about one check, one run or one freshness promise. It keeps its id and name."""
    typed = _typed(found)
    problems = tuple(_earlier_problem(typed, asset, units) for asset, units in _earlier_units(found).items())
    kept = ("id", "name", "severity", "opened_at", "changed_at", "run_id", "times", "notices")
    names = tuple(problem.name for problem in problems)
    return Incident(**{name: typed[name] for name in kept}, problems=problems, news=names)


def _earlier_units(found: Mapping[str, Any]) -> dict[str, tuple[set[str], set[str]]]:
    """Return, by asset or job, what was broken, and what of it still is."""
    if found["kind"] != RUN:
        (asset,) = found["assets"]
        waiting = set(found["waiting"]) or {asset}
        return {asset: (waiting, waiting)}
    units, waiting = set(found["units"]), set(found["waiting"])
    return {
        asset: ({u for u in units if asset_of(u) == asset}, {u for u in waiting if asset_of(u) == asset})
        for asset in sorted({asset_of(unit) for unit in units})
    }


def _earlier_problem(typed: Mapping[str, Any], asset: str, units: tuple[set[str], set[str]]) -> Problem:
    kind, (all_units, waiting) = typed["kind"], units
    over = typed["outcome"] == "recovered" or not waiting
    outcome = {CHECK: FAILED, RUN: FAILED, FRESHNESS: "late"}[kind] if over else typed["outcome"]
    return Problem(
        kind,
        asset,
        outcome,
        typed["severity"],
        typed["opened_at"],
        typed["changed_at"],
        typed["run_id"],
        frozenset(all_units if over else waiting),
        check=typed["check"],
        times=typed["times"],
        failing_rows=typed["failing_rows"],
        rows=typed["rows"],
        errors=tuple(typed["causes"]),
        blocking=kind != CHECK or typed["severity"] is AlertSeverity.ERROR,
        awaits=typed["awaits"],
        ended_at=typed["changed_at"] if over else None,
    )
