"""Any sequence of publishing, withdrawing, rolling back and expiring leaves what a plain model of the table says."""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from port_samples import ids_read, publish_months

from bankmesh.ports import (
    CannotRestore,
    Port,
    expire,
    latest,
    port_at,
    read_history,
    roll_back,
    withdraw,
    withdrawals,
)

MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01")
J, F = MONTHS[:2]
WHO = {"by": "Ada", "reason": "why"}

publishing = st.dictionaries(st.sampled_from(MONTHS), st.booleans(), min_size=1).map(lambda months: ("publish", months))
undoing = st.tuples(st.sampled_from(["withdraw", "rollback"]), st.integers(0, 6))
tidying = st.just(("expire", None))
sequences = st.lists(st.one_of(publishing, publishing, undoing, undoing, tidying), min_size=3, max_size=9)


@dataclass
class Model:
    """Months to the batch of rows that they hold, for each version; batches by who wrote them."""

    states: dict[int, dict[str, int]] = field(default_factory=dict)
    bad: set[int] = field(default_factory=set)
    batches: set[int] = field(default_factory=set)

    @property
    def now(self) -> dict[str, int]:
        return self.states[max(self.states)] if self.states else {}

    def publish(self, version: int, months: dict[str, bool]) -> None:
        """A month is written by this version, with rows or, if False, without any."""
        state = dict(self.now)
        for month, filled in months.items():
            state[month] = version if filled else -version - 100
        self.states[version] = state
        self.batches.add(version)

    def written_by(self, batch: int | None, version: int) -> bool:
        return batch in {version, -version - 100}

    def is_bad(self, batch: int | None) -> bool:
        return batch is not None and any(self.written_by(batch, version) for version in self.bad)

    def after_withdrawal(self, version: int) -> dict[str, int]:
        """Each month of that version as it was in the newest good version before."""
        self.bad.add(version)
        state = dict(self.now)
        for month in MONTHS:
            if self.written_by(state.get(month), version):
                before = [
                    v for v in sorted(self.states) if v < version and v not in self.bad
                    and not self.is_bad(self.states[v].get(month))
                ]  # fmt: skip
                found = self.states[before[-1]].get(month)
                state.pop(month) if found is None else state.update({month: found})
        return state

    def rows(self, state: dict[str, int]) -> list[int]:
        return sorted(batch * 10 + MONTHS.index(month) for month, batch in state.items() if batch >= 0)


def _publish(port: Port, model: Model, months: dict[str, bool]) -> None:
    number = _next(port)
    filled = {m: [number * 10 + MONTHS.index(m)] for m, with_rows in months.items() if with_rows}
    made = publish_months(port, filled, run_id=str(number), also=[m for m in months if m not in filled])
    assert made.version == number
    model.publish(made.version, months)


def _next(port: Port) -> int:
    return max((int(path.stem) for path in (port.path / "_delta_log").glob("*.json")), default=-1) + 1


def _undo(port: Port, model: Model, kind: str, version: int) -> None:
    before = latest(port)
    try:
        done = (withdraw if kind == "withdraw" else roll_back)(port, version, **WHO)
    except CannotRestore:
        assert latest(port) == before
        return
    now = model.now
    if kind == "rollback":
        assert version not in model.bad
        assert not any(map(model.is_bad, model.states[version].values()))
        model.bad |= {v for v in model.states if v > version}
        state = dict(model.states[version])
    else:
        model.bad |= set(done.decision.withdrawn)
        state = model.after_withdrawal(version)
    assert (done.publication is not None) == (state != now)
    if done.publication is not None:
        assert before is None or done.publication.version > before.version
        model.states[done.publication.version] = state


def _agree(port: Port, model: Model) -> None:
    assert withdrawals(port).keys() == model.bad
    known = [made.version for made in read_history(port)]
    if not known:
        return
    newest = known[0]
    assert newest == max(model.states)
    assert newest not in model.bad
    assert not any(map(model.is_bad, model.states[newest].values()))
    assert ids_read(port) == model.rows(model.states[newest])
    assert sorted(pl.read_delta(str(port.path))["id"].to_list()) == model.rows(model.states[newest])
    for version in known:
        rows = pl.scan_delta(str(port.path), version=version).collect()["id"].to_list()
        assert sorted(rows) == model.rows(model.states[version])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sequences)
@example([("publish", {J: True}), ("publish", {F: True}), ("publish", {J: True}), ("withdraw", 1), ("withdraw", 3)])
@example([("publish", {J: False}), ("publish", {F: True}), ("publish", {J: True}), ("withdraw", 1), ("withdraw", 3)])
@example([("publish", {J: True}), ("withdraw", 1), ("publish", {F: True}), ("rollback", 2), ("withdraw", 0)])
def test_the_table_is_what_the_model_says(steps) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        port, model = port_at(home, "retail.party", 1), Model()
        _publish(port, model, dict.fromkeys(MONTHS[:2], True))
        for kind, what in steps:
            if kind == "publish":
                _publish(port, model, what)
            elif kind == "expire":
                gone = expire(port, keep_candidates=timedelta(0), retention=timedelta(0)).versions
                model.states = {v: state for v, state in model.states.items() if v not in gone}
            else:
                _undo(port, model, kind, what)
            _agree(port, model)
    finally:
        shutil.rmtree(home)
