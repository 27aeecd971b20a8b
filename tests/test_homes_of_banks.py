"""`make` gives each bank a mesh home of its own; a home that was named always wins."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOW = "include Makefile\nshow:\n\t@printf '%s' \"$$MESH_HOME\"\n"


def home(tmp_path: Path, *words: str, **variables: str) -> str:
    """`MESH_HOME` of the commands that `make WORDS` runs."""
    (tmp_path / "show.mk").write_text(SHOW)
    inherited = {
        k: v for k, v in os.environ.items() if k not in {"MESH_HOME", "BANK_DATA", "SCALE", "SEED", "MAKEFLAGS"}
    }
    command = ["make", "--silent", "--file", str(tmp_path / "show.mk"), "show", *words]
    return subprocess.run(
        command, cwd=ROOT, env=inherited | variables, capture_output=True, text=True, check=True
    ).stdout


def test_the_default_bank_stays_where_it_is(tmp_path: Path) -> None:
    assert home(tmp_path) == ".mesh"
    assert home(tmp_path, "SCALE=0.1", "SEED=1") == ".mesh"


def test_another_demo_bank_has_a_home_of_its_own(tmp_path: Path) -> None:
    homes = {home(tmp_path), home(tmp_path, "SCALE=1"), home(tmp_path, "SEED=2"), home(tmp_path, "SCALE=1", "SEED=2")}
    assert len(homes) == 4
    assert home(tmp_path, SCALE="1") == home(tmp_path, "SCALE=1") == ".mesh/banks/demo-1-1"


def test_exports_have_a_home_by_their_folder_however_it_is_written(tmp_path: Path) -> None:
    for name in ("one", "two/one"):
        (tmp_path / name).mkdir(parents=True)
    one = home(tmp_path, f"BANK_DATA={tmp_path}/one")
    assert one.startswith(".mesh/banks/one-")
    assert home(tmp_path, f"BANK_DATA={os.path.relpath(tmp_path / 'one', ROOT)}/") == one
    assert home(tmp_path, BANK_DATA=f"{tmp_path}/one") == one
    assert home(tmp_path, f"BANK_DATA={tmp_path}/two/one") != one


def test_a_home_is_a_path_that_every_reader_takes(tmp_path: Path) -> None:
    found = home(tmp_path, f"BANK_DATA={tmp_path}/Großbank [1] = 100%")
    assert found.startswith(".mesh/banks/")
    assert not set(found) & set("*?[]%\\= ")
    assert found.isascii()


@pytest.mark.parametrize("word", ["SCALE=1", "SEED=3", "BANK_DATA=/tmp"])
def test_a_home_that_was_named_wins(tmp_path: Path, word: str) -> None:
    assert home(tmp_path, word, MESH_HOME="/srv/mesh") == "/srv/mesh"
    assert home(tmp_path, word, "MESH_HOME=/srv/mesh") == "/srv/mesh"
