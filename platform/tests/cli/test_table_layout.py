"""Tables on a terminal: texts wrap, and no word, name or number is ever cut."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from bankmesh.cli.command_table import COMMANDS, build_application
from bankmesh.cli.table_layout import TableText

WORDS = st.text(st.sampled_from("ab1,.[]*é漢 "), max_size=12)


def _lines(headings, rows, width) -> list[str]:
    table = TableText(headings, [[Text(cell) for cell in row] for row in rows])
    return [line.plain for line in table.lines(width)]


def test_columns_side_by_side() -> None:
    assert _lines(("product", "rows"), [("shop.sale", "1,234"), ("shop.top", "7")], 80) == [
        "product    rows",
        "shop.sale  1,234",
        "shop.top   7",
    ]


def test_long_texts_wrap_between_words_and_short_ones_do_not() -> None:
    rows = [("shop.sale", "2 of 3 fresh", "one of many words that describe it at length")]
    assert _lines(("product", "fresh", "about"), rows, 50) == [
        "product    fresh         about",
        "shop.sale  2 of 3 fresh  one of many words that",
        "                         describe it at length",
    ]


def test_a_long_name_has_a_line_of_its_own() -> None:
    rows = [("customer_service.customer_interaction_history", "1,234,567", "25 passed")]
    assert _lines(("product", "rows", "checks"), rows, 50) == [
        "product",
        "    rows       checks",
        "customer_service.customer_interaction_history",
        "    1,234,567  25 passed",
    ]


def test_values_that_are_wider_than_the_screen_are_listed() -> None:
    rows = [("7", "2026-01-01T00:00:00.123456+00:00", "", "a [b] c")]
    assert _lines(("version", "published", "run", "state"), rows, 30) == [
        "version 7",
        "    published  2026-01-01T00:00:00.123456+00:00",
        "    state      a [b] c",
    ]


@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(WORDS.map(str.strip), min_size=n, max_size=n), min_size=1)),
    st.integers(8, 60),
)
def test_every_word_is_printed_whole(rows, width) -> None:
    headings = [f"h{number}" for number in range(len(rows[0]))]
    printed = " ".join(_lines(headings, rows, width)).split()
    for row in rows:
        for word in " ".join(row).split():
            assert word in printed


def _on_a_terminal(*words: str, columns: int = 80) -> str:
    """What `mesh` writes to a terminal of this width."""
    main, terminal = pty.openpty()
    program = Path(sys.executable).with_name("mesh")
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen([program, *words], stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(main, 65_536):
            shown += part
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(main)
    assert process.wait(timeout=60) == 0
    return shown.decode()


def test_a_narrow_terminal_shows_every_figure(mesh, published) -> None:
    shown = " ".join(_on_a_terminal("products", columns=30).split())
    assert "…" not in shown
    for words in ("shop.customer_spend", "shop.sale", "12 passed", "fresh"):
        assert words in shown


def test_what_is_piped_has_neither_colour_nor_marks(mesh) -> None:
    said = mesh("search", "sale")
    assert "shop.sale\t" in said.out
    assert "**" not in said.out
    assert "\x1b" not in said.out
    assert "**sale**" in mesh("search", "sale", "--json").out


def test_matched_words_are_bold_on_a_terminal(mesh, published) -> None:
    assert mesh("search", "sale").code == 0  # builds the catalog
    shown = _on_a_terminal("search", "sale", columns=200)
    assert "\x1b[1msale\x1b[0m" in shown
    assert "**" not in shown


@pytest.mark.parametrize(
    "words",
    [
        ("products",), ("products", "--json"), ("show", "shop.sale"), ("get", "shop.sale", "--format", "csv"),
        ("lineage", "events"), ("contract", "check"), ("alerts", "routes"), ("--help",),
    ],
)  # fmt: skip
def test_a_reader_that_has_ended_is_no_error(mesh, words) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = Path(sys.executable).with_name("mesh")
    try:
        done = subprocess.run([program, *words], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert done.stderr == ""


def _groups(command, words=()):
    """Every command and group, with the words that name it."""
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _groups(below, (*words, name))


HELPS = [words for words, _ in _groups(typer.main.get_command(build_application(COMMANDS)))]


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_no_line_of_help_is_cut(mesh, monkeypatch, words) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    said = mesh(*words, "--help")
    assert said.code == 0
    lines = said.out.splitlines()
    assert not [
        line for line in lines if line.rstrip().endswith("...") and "[ARGS]" not in line and "[OPTIONS]" not in line
    ]
    assert max(map(len, lines)) <= 80


def test_what_is_mistyped_is_suggested(mesh) -> None:
    for words, suggestion in (
        (("serch", "sale"), "Did you mean 'search'?"),
        (("catalog", "stauts"), "Did you mean 'status'?"),
        (("lineage", "forwrad"), "Did you mean 'forward'?"),
        (("show", "shop.sael"), "Did you mean shop.sale?"),
        (("show", "opening_hour"), "Did you mean shop.opening_hour?"),
        (("rejects", "shop.landing.till_sael"), "Did you mean shop.landing.till_sale?"),
        (("run", "shop.landing.till_sael"), "Did you mean shop.landing.till_sale?"),
        (("get", "shop.sale", "--columns", "amuont"), "Did you mean amount?"),
        (("lineage", "shop.sale.amuont"), "Did you mean"),
        (("test", "shop.sael"), "Did you mean shop.sale?"),
        (("catalog", "show", "shop.sael"), "Did you mean shop.sale?"),
        (("scorecard", "shop.sael"), "Did you mean shop.sale?"),
        (("contract", "coverage", "shop.sael"), "Did you mean shop.sale?"),
        (("contract", "diff", "shop.sael"), "Did you mean shop.sale?"),
        (("resume", "shop.sael"), "Did you mean shop.sale?"),
    ):
        said = mesh(*words)
        assert said.code == 2, words
        assert suggestion in said.err, (words, said.err)
