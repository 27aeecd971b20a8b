"""Several processes that publish at once: never a row doubled, never one lost."""

import pytest
from port_racers import publish_month, publish_whole, race
from port_samples import ids_read, publish_all, publish_months

from bankmesh.ports import Port, latest, read_history

PUBLISHERS = 4
ROUNDS = range(2)


def _versions(answers: list[int | str]) -> list[int]:
    """Versions that children made; any answer but a version or `conflict` is an error."""
    assert all(isinstance(answer, int) or answer == "conflict" for answer in answers), answers
    made = [answer for answer in answers if isinstance(answer, int)]
    assert len(made) == len(set(made)), answers
    return made


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "lockless"])
@pytest.mark.parametrize("begun", [True, False], ids=["published", "empty"])
@pytest.mark.parametrize("_round", ROUNDS)
def test_full_replaces_follow_each_other(port: Port, locked: bool, begun: bool, _round: int) -> None:
    if begun:
        publish_all(port, [100])
    answers = race(publish_whole, [(port, number, True, locked) for number in range(PUBLISHERS)])
    made = _versions(answers)
    newest = latest(port)
    assert newest is not None
    assert newest.version == max(made)
    assert ids_read(port) == [int(newest.provenance.run_id)] * 3
    assert len(read_history(port)) == len(made) + begun
    if locked:
        assert len(made) == PUBLISHERS


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "lockless"])
@pytest.mark.parametrize("_round", ROUNDS)
def test_one_alone_wins_where_none_may_follow(port: Port, locked: bool, _round: int) -> None:
    answers = race(publish_whole, [(port, number, False, locked) for number in range(PUBLISHERS)])
    assert sorted(map(str, answers)) == ["0"] + ["conflict"] * (PUBLISHERS - 1)
    assert ids_read(port) == [answers.index(0)] * 3


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "lockless"])
@pytest.mark.parametrize("begun", ["empty", "other month", "same month"])
def test_one_month_is_replaced_by_one_publisher(port: Port, locked: bool, begun: str) -> None:
    if begun != "empty":
        publish_months(port, {"2024-01-01" if begun == "same month" else "2023-01-01": [100]})
    answers = race(publish_month, [(port, number, "2024-01-01", locked) for number in range(PUBLISHERS)])
    _versions(answers)
    newest = latest(port)
    assert newest is not None
    kept = [100] if begun == "other month" else []
    assert ids_read(port) == [int(newest.provenance.run_id)] * 3 + kept


@pytest.mark.parametrize("begun", [True, False], ids=["published", "empty"])
@pytest.mark.parametrize("_round", ROUNDS)
def test_different_months_all_get_in(port: Port, begun: bool, _round: int) -> None:
    months = [f"2024-{number + 1:02d}-01" for number in range(PUBLISHERS)]
    if begun:
        publish_months(port, {month: [100] for month in months[:2]})
    answers = race(publish_month, [(port, number, month, True) for number, month in enumerate(months)])
    assert len(_versions(answers)) == PUBLISHERS
    assert ids_read(port) == sorted(list(range(PUBLISHERS)) * 3)
