"""The page of benchmarks: tables are made of results.json, and what is written by hand between the marks is kept."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from bench import report

BENCH = Path(__file__).resolve().parent.parent / "bench"


@pytest.fixture
def found() -> dict[str, Any]:
    return json.loads((BENCH / "results.json").read_text(encoding="utf-8"))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A copy of the page, beside which results.json is written."""
    copied = tmp_path / "RESULTS.md"
    copied.write_text((BENCH / "RESULTS.md").read_text(encoding="utf-8"), encoding="utf-8")
    return copied


def test_the_page_in_the_repository_is_as_it_would_be_generated(found, page) -> None:
    before = page.read_text(encoding="utf-8")
    report.write(found, page.with_name("results.json"))
    assert page.read_text(encoding="utf-8") == before


def test_new_results_change_the_tables_and_nothing_that_is_written_by_hand(found, page) -> None:
    before = page.read_text(encoding="utf-8")
    changed = copy.deepcopy(found)
    changed["gate"]["rows"] = 123_456
    report.write(changed, page.with_name("results.json"))
    after = page.read_text(encoding="utf-8")
    assert "`bench/gate.py`, 123,456 rows" in after
    assert report.handwritten(after) == report.handwritten(before)
    assert {"## Start of a command", "## Profiles at publication"} <= set(after.splitlines())
    assert len(after.splitlines()) == len(before.splitlines())


def test_a_section_outside_of_the_marks_is_not_overwritten(found, page) -> None:
    with page.open("a", encoding="utf-8") as text:
        text.write("\n## Seen elsewhere\n\nBy hand.\n")
    before = page.read_text(encoding="utf-8")
    with pytest.raises(report.UnmarkedSections, match="## Seen elsewhere") as raised:
        report.write(found, page.with_name("results.json"))
    assert raised.value.headings == ["## Seen elsewhere"]
    assert page.read_text(encoding="utf-8") == before


def test_a_first_page_has_a_place_for_what_is_written_by_hand(found, tmp_path) -> None:
    report.write(found, tmp_path / "results.json")
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert report.handwritten(text) == [""]
    assert text.index("## Budgets") < text.index(report.BEGIN) < text.index("## 1 million bookings")
