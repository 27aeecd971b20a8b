"""Requests to Cedar: the reader as an entity, batches of columns, and partial evaluation of rows.

Readers and columns are passed as JSON or as ids without quotes and backslashes, so that no name is read as policy text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bankmesh.access.decisions.access_policy import column_id
from bankmesh.access.policies.model import COLUMN, MASK, PURPOSE, READ, READER, ROLE, SHOW, PolicyEffect
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import cedarpy

    from bankmesh.access.decisions.access_policy import PolicySide, PortPolicy
    from bankmesh.access.policies.model import CedarPolicy

_EVALUATED = re.compile(r"error while evaluating policy `(?P<key>\w+)`: (?P<problem>.*)", re.DOTALL)


class EvaluationFailed(BankmeshError):
    """Cedar reports an error in evaluating policies; the decision denies. The text holds no value of the data."""


@dataclass(frozen=True)
class PolicyReader:
    """A reader as policies see it, with the roles that are active for the purpose."""

    id: str
    roles: frozenset[str]
    clearance: int
    domains: frozenset[str]
    kind: str

    @property
    def has_plain_id(self) -> bool:
        """Whether the id can be written in Cedar without escapes."""
        return bool(self.id) and self.id.isprintable() and not set(self.id) & set("\"'\\")

    @property
    def entity(self) -> dict[str, Any]:
        """The entity in Cedar's JSON form."""
        return {
            "uid": {"type": READER, "id": self.id},
            "attrs": {
                "roles": sorted(self.roles),
                "clearance": self.clearance,
                "domains": sorted(self.domains),
                "kind": self.kind,
            },
            "parents": [{"type": ROLE, "id": role} for role in sorted(self.roles)],
        }


@dataclass(frozen=True)
class ColumnAnswer:
    """Cedar's answer to one request.

    Attributes:
        is_allowed: whether a permit holds and no forbid does.
        determining: the policies that it follows from; none if no permit holds.
        is_only_forbidden: whether it would be allowed without the forbids.
    """

    is_allowed: bool
    determining: tuple[CedarPolicy, ...]
    is_only_forbidden: bool = False

    @property
    def is_forbidden(self) -> bool:
        """Whether a forbid held; else a denial means that no permit did."""
        return any(policy.effect is PolicyEffect.FORBID for policy in self.determining)


class CedarSession:
    """Requests of one reader for one purpose on one port."""

    def __init__(self, port: PortPolicy, reader: PolicyReader, purpose: str) -> None:
        """Raises EvaluationFailed for a reader whose id Cedar could read as policy text."""
        if not reader.has_plain_id:
            raise EvaluationFailed("the reader's id is empty, or has quotes, backslashes or invisible characters")
        self._port = port
        self._reader = {"type": READER, "id": reader.id}
        self._entities: cedarpy.Entities = port.entities.with_added_json_str(json.dumps([reader.entity]))
        self._context = json.dumps({"purpose": {"__entity": {"type": PURPOSE, "id": purpose}}})

    def on_columns(self, side: PolicySide) -> dict[str, tuple[ColumnAnswer, ColumnAnswer]]:
        """Return, for each column, whether it may be shown and whether it may be masked.

        Raises EvaluationFailed.
        """
        names = [column.name for column in self._port.contract.columns]
        shown, masked = (self._answers(side, side.on_columns, action, names) for action in (SHOW, MASK))
        forbidden = [name for name in names if shown[name].is_forbidden]
        for name, answer in self._answers(side, side.permits_on_columns, SHOW, forbidden).items():
            shown[name] = replace(shown[name], is_only_forbidden=answer.is_allowed)
        return {name: (shown[name], masked[name]) for name in names}

    def _answers(
        self, side: PolicySide, policies: cedarpy.PolicySet, action: str, names: Sequence[str]
    ) -> dict[str, ColumnAnswer]:
        import cedarpy

        requests = [self._request(action, name) for name in names]
        results = cedarpy.is_authorized_batch(requests, policies, self._entities) if requests else []
        return {name: _answer(side, found) for name, found in zip(names, results, strict=True)}

    def on_rows(self, side: PolicySide) -> Mapping[str, Any]:
        """Return what is left of each policy's conditions on a row that is not known. Raises EvaluationFailed."""
        import cedarpy

        request = {
            "principal": f'{READER}::"{self._reader["id"]}"',
            "action": f'Action::"{READ}"',
            "resource": None,
            "context": self._context,
        }
        found = cedarpy.is_authorized_partial(request, side.on_rows, self._entities)
        _refuse_errors(side, found.diagnostics.errors)
        residuals: Mapping[str, Any] = found.residuals
        return residuals

    def _request(self, action: str, column: str) -> dict[str, Any]:
        return {
            "principal": self._reader,
            "action": {"type": "Action", "id": action},
            "resource": {"type": COLUMN, "id": column_id(self._port.contract, column)},
            "context": self._context,
        }


def _answer(side: PolicySide, found: cedarpy.AuthzResult) -> ColumnAnswer:
    import cedarpy

    _refuse_errors(side, found.diagnostics.errors)
    determining = tuple(side.policies[key] for key in sorted(found.diagnostics.reasons, key=_number))
    return ColumnAnswer(found.decision is cedarpy.Decision.Allow, determining)


def _number(key: str) -> int:
    return int(key[1:])


def _refuse_errors(side: PolicySide, errors: Iterable[str]) -> None:
    """Raises EvaluationFailed, with the places of the policies in place of Cedar's keys."""
    found = list(errors)
    if not found:
        return
    places = {key: str(policy.place) for key, policy in side.policies.items()}
    texts = sorted({_located(text, places) for text in found})
    raise EvaluationFailed(f"a policy cannot be evaluated for this read, so nothing is permitted: {'; '.join(texts)}")


def _located(text: str, places: Mapping[str, str]) -> str:
    """Return Cedar's error with the place of the policy in place of its key."""
    found = _EVALUATED.fullmatch(text)
    return f"{places[found['key']]}: {found['problem']}" if found and found["key"] in places else text
