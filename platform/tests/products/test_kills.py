"""A run that is killed anywhere: readers see the old version or the new one, whole, and the next run goes on."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from shop_mesh import Mesh, settings_in
from shop_nursery import Ended, Job
from shop_workspace import SALES, changed, write_exports

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import dagster as dg
    from _pytest.mark import ParameterSet
    from shop_nursery import Nursery

pytestmark = pytest.mark.system

POINTS = ("staged", "built", "gated", "before-commit", "after-commit", "published", "reported")
COMMITTED = {"after-commit", "published", "reported"}
PRODUCTS = {"polars": "sale", "dbt": "customer_spend"}
STARTS = {"empty": (), "earlier": (0,)}
FRACTIONS = (0.5, 0.9)
KILLED = -signal.SIGKILL

NAMED = tuple(product(PRODUCTS, STARTS, POINTS))
TIMED = tuple(product(PRODUCTS, STARTS, FRACTIONS))
# Where an earlier version could be damaged, every point is tried; where there is none, both sides of the commit.
OFTEN = {case for case in NAMED if case[1] == "earlier" or case[2] in {"before-commit", "after-commit"}}
NEW = changed(4, SALES, amount="321.00")


@dataclass(frozen=True)
class Seen:
    """What a reader sees, and what Dagster knows."""

    versions: tuple[int, ...]
    rows: list[dict[str, Any]] | None
    reported: tuple[int, ...]


@dataclass(frozen=True)
class Story:
    """What was seen after the kill, and after the run that followed."""

    killed: Ended
    after_kill: Seen
    next_run: Ended
    after_next: Seen


@pytest.fixture(scope="module")
def stories(
    request: pytest.FixtureRequest,
    nursery: Nursery,
    shop_root: Path,
    shop_definitions: dg.Definitions,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[str, str, str | float], Story]:
    """Every kill of this session, each in a mesh home of its own that was copied from one of four beginnings."""
    base = tmp_path_factory.mktemp("kills")
    seconds = _beginnings(nursery, base)
    here = [item for item in request.session.items if item.path == request.path]
    cases = [tuple(item.callspec.params.values()) for item in here]
    folders = {case: base / f"{engine}-{start}-{at}" for case in cases for engine, start, at in [case]}
    for (engine, start, _), folder in folders.items():
        shutil.copytree(base / f"{engine}-{start}", folder)
    meshes = {case: Mesh(settings_in(shop_root, folder), shop_definitions) for case, folder in folders.items()}
    killed = nursery.run(*(_kill(case, folders[case], seconds) for case in cases))
    after_kill = {case: _look(meshes[case], PRODUCTS[case[0]]) for case in cases}
    followed = nursery.run(*(Job(str(folders[case]), (PRODUCTS[case[0]],)) for case in cases))
    after_next = {case: _look(meshes[case], PRODUCTS[case[0]]) for case in cases}
    return {case: Story(killed[at], after_kill[case], followed[at], after_next[case]) for at, case in enumerate(cases)}


def _beginnings(nursery: Nursery, base: Path) -> float:
    """New sales are landed; with `earlier`, old ones had been published. Returns how long one run takes."""
    for engine, start in product(PRODUCTS, STARTS):
        (base / f"{engine}-{start}").mkdir()
    empty, earlier = base / "polars-empty", base / "polars-earlier"
    write_exports(empty / "exports", NEW)
    write_exports(earlier / "exports", SALES)
    first = nursery.run(Job(str(empty), ("till.sale",)), Job(str(earlier), ("till.sale", "sale", "customer_spend")))
    write_exports(earlier / "exports", NEW)
    again = nursery.run(Job(str(earlier), ("till.sale",)))
    for folder in (empty, earlier):
        shutil.copytree(folder, base / folder.name.replace("polars", "dbt"), dirs_exist_ok=True)
    last = nursery.run(Job(str(base / "dbt-empty"), ("sale",)), Job(str(base / "dbt-earlier"), ("sale",)))
    assert all(ended.success for ended in (*first, *again, *last))
    return last[0].seconds


def _kill(case: tuple[str, str, str | float], folder: Path, seconds: float) -> Job:
    engine, _, at = case
    names = (PRODUCTS[engine],)
    if isinstance(at, str):
        return Job(str(folder), names, die_at=at)
    return Job(str(folder), names, die_after=at * seconds)


def _look(mesh: Mesh, name: str) -> Seen:
    versions = tuple(mesh.versions(name))
    return Seen(versions, mesh.rows(name) if versions else None, tuple(mesh.reported(name)))


def _total(seen: Seen) -> float:
    assert seen.rows is not None
    return float(sum(row.get("amount", row.get("total")) for row in seen.rows))


OLD_TOTAL, NEW_TOTAL = 135.75, 356.75


def _cases(cases: Iterable[tuple[str, str, str | float]]) -> list[ParameterSet]:
    return [
        pytest.param(*case, id="-".join(map(str, case)), marks=() if case in OFTEN else pytest.mark.slow)
        for case in cases
    ]


@pytest.mark.parametrize(("engine", "start", "point"), _cases(NAMED))
def test_killed_at_a_named_point(stories: dict[Any, Story], engine: str, start: str, point: str) -> None:
    story = stories[engine, start, point]
    earlier = STARTS[start]
    mine = len(earlier)
    assert story.killed.code == KILLED

    if point in COMMITTED:
        assert story.after_kill.versions == (*earlier, mine)
        assert _total(story.after_kill) == NEW_TOTAL
    else:
        assert story.after_kill.versions == earlier == story.after_kill.reported
        if earlier:
            assert _total(story.after_kill) == OLD_TOTAL

    assert story.next_run.success
    assert _total(story.after_next) == NEW_TOTAL
    told_before_the_kill = mine in story.after_kill.reported
    expected = (*earlier, mine, mine + 1) if told_before_the_kill else (*earlier, mine)
    assert story.after_next.versions == expected == story.after_next.reported


@pytest.mark.parametrize(("engine", "start", "fraction"), _cases(TIMED))
def test_killed_after_some_time(stories: dict[Any, Story], engine: str, start: str, fraction: float) -> None:
    story = stories[engine, start, fraction]
    earlier = STARTS[start]
    if story.after_kill.versions == earlier:
        assert not earlier or _total(story.after_kill) == OLD_TOTAL
    else:
        assert story.after_kill.versions == (*earlier, len(earlier))
        assert _total(story.after_kill) == NEW_TOTAL

    assert story.next_run.success
    assert _total(story.after_next) == NEW_TOTAL
    assert story.after_next.versions == story.after_next.reported
    ran_to_its_end = story.after_kill.reported == (*earlier, len(earlier))
    assert len(story.after_next.versions) == len(earlier) + 1 + ran_to_its_end
