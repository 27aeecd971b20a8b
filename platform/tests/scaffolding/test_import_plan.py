"""Importing again writes what is new, shows what differs, and replaces only what it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bankmesh.scaffolding.dbt_import.import_plan import Acceptance, FileState, ImportPlan

if TYPE_CHECKING:
    from pathlib import Path


def plan(root: Path, **texts: str) -> ImportPlan:
    return ImportPlan(root, root / ".imported.json", {root / name: text for name, text in texts.items()}, {}, {})


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """The files of a first import, one of which a person has edited since."""
    plan(tmp_path, same="1\n", changed="2\n", edited="3\n", gone="4\n").write(Acceptance.NONE)
    (tmp_path / "edited").write_text("mine\n")
    return tmp_path


def again(root: Path) -> ImportPlan:
    return plan(root, same="1\n", changed="two\n", edited="three\n", new="5\n")


def test_every_file_has_a_state(imported: Path) -> None:
    states = {path.name: state for path, state in again(imported).states().items()}
    assert states == {
        "same": FileState.SAME,
        "changed": FileState.CHANGED,
        "edited": FileState.EDITED,
        "new": FileState.NEW,
        "gone": FileState.REMOVED,
    }


def test_differences_are_shown_with_who_made_them(imported: Path) -> None:
    shown = "\n".join(again(imported).differences())
    for line in ("--- changed (as imported)", "-2", "+two", "--- edited (edited since the import)", "-mine", "+three"):
        assert line in shown.splitlines()
    assert "gone is no longer in the dbt project" in shown


@pytest.mark.parametrize(
    ("acceptance", "texts"),
    [
        (Acceptance.NONE, ["2\n", "mine\n", "5\n"]),
        (Acceptance.UNEDITED, ["two\n", "mine\n", "5\n"]),
        (Acceptance.ALL, ["two\n", "three\n", "5\n"]),
    ],
)
def test_only_what_is_accepted_is_replaced(imported: Path, acceptance: Acceptance, texts: list[str]) -> None:
    again(imported).write(acceptance)
    assert [(imported / name).read_text() for name in ("changed", "edited", "new")] == texts
    assert (imported / "gone").read_text() == "4\n"


def test_an_edit_is_remembered_through_further_imports(imported: Path) -> None:
    again(imported).write(Acceptance.UNEDITED)
    again(imported).write(Acceptance.UNEDITED)
    assert again(imported).states()[imported / "edited"] is FileState.EDITED
