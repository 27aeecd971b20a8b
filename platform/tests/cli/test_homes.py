"""A mesh home that cannot be written, or exports that are not there: metadata is shown, and no rows."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shop_workspace import changed, write_exports

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.cli.storage_faults import explain_storage_fault
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Iterator


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no mount here: {done.stderr.strip()}")


@pytest.fixture
def read_only(mesh, published, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The home of `mesh` on a read-only file system."""
    # The catalog is built, and dbt's models are parsed, while that can be written.
    assert mesh("search", "sale").code == mesh("contract", "check").code == 0
    home = tmp_path / "read-only"
    home.mkdir()
    _mount("--bind", str(published.settings.home), str(home))
    try:
        _mount("-o", "remount,ro,bind", str(home))
        monkeypatch.setenv("MESH_HOME", str(home))
        yield home
    finally:
        subprocess.run(["umount", str(home)], check=True)


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def test_metadata_of_a_read_only_home_is_shown(mesh, read_only: Path) -> None:
    listed = mesh("products")
    assert listed.code == 0
    assert "shop.sale\t0\t4\t-" in listed.out
    assert _lines(listed.err) == [
        f"mesh: MESH_HOME {read_only} is not writable, so the outcomes of checks are unknown."
    ]
    for words in (
        ("show", "shop.sale"), ("search", "sale"), ("lineage", "shop.customer_spend.total"), ("scorecard",), ("contract", "check"), ("catalog", "status"),
    ):  # fmt: skip
        said = mesh(*words)
        assert said.code == 0, (words, said)
        assert "rror" not in said.err


@pytest.mark.usefixtures("read_only")
def test_no_row_of_a_read_only_home_is_read_because_no_read_can_be_recorded(mesh) -> None:
    for words in (("get", "shop.sale"), ("get", "shop.monthly_sale"), ("profile", "shop.sale")):
        said = mesh(*words)
        assert said.code == 1, words
        assert said.out == ""
        assert said.err.startswith(f"mesh: {words[1]}: the read cannot be recorded in the audit log (read-only file ")


def test_what_writes_says_in_one_line_that_the_home_is_read_only(mesh, read_only: Path) -> None:
    for words in (("run",), ("run", "shop.sale"), ("expire",), ("export",), ("automation", "off")):
        said = mesh(*words)
        assert said.code == 1, words
        (line,) = _lines(said.err)
        assert line.startswith(f"mesh: MESH_HOME {read_only} is on a read-only file system. Mount it for writing, or ")


def test_a_full_disk_in_the_middle_of_a_run(mesh, published, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "full"
    home.mkdir()
    _mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(home))
    try:
        subprocess.run(["cp", "-a", f"{published.settings.home}/.", str(home)], check=True)
        monkeypatch.setenv("MESH_HOME", str(home))
        assert mesh("products").code == 0
        write_exports(published.settings.exports, changed(3, amount="77.00"))
        filler = home / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], capture_output=True, check=False)
        said = mesh("run")
        assert said.code == 1
        assert "disk is full" in said.err
        assert "Traceback" not in said.err
        assert "shop.sale\t0\t4" in mesh("products").out
        refused = mesh("get", "shop.sale")
        assert (refused.code, refused.out) == (1, "")
        assert "cannot be recorded in the audit log (no space left on device), so no data is read" in refused.err

        filler.unlink()
        assert mesh("run").code == 0
        assert "77.00" in mesh("get", "shop.sale").out
    finally:
        close_chains()  # the audit log keeps its file open
        subprocess.run(["umount", str(home)], check=True)


def test_a_home_that_is_a_file_or_below_one(mesh, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for home in (file, file / "home"):
        monkeypatch.setenv("MESH_HOME", str(home))
        for words in (("products",), ("run",), ("get", "shop.sale"), ("expire",)):
            said = mesh(*words)
            assert said.code == 2
            assert _lines(said.err) == [
                f"mesh: MESH_HOME is {home}, which is a file or lies below one. Name a folder in MESH_HOME."
            ]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda _path: None, "there is no such folder"),
        (lambda path: path.touch(), "that is a file"),
        (lambda path: path.mkdir(), "that folder is empty"),
    ],
    ids=["missing", "file", "empty"],
)
def test_exports_that_are_not_there(mesh, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make, problem: str) -> None:
    exports = tmp_path / "nowhere"
    make(exports)
    monkeypatch.setenv("BANK_DATA", str(exports))
    said = mesh("run")
    assert said.code == 2
    (line,) = _lines(said.err)
    assert line.startswith(f"mesh: BANK_DATA is {exports}, and {problem}. Name the folder ")
    assert mesh("get", "shop.sale").code == 0


def test_other_errors_are_not_taken_for_a_fault_of_the_home() -> None:
    for error in (ValueError("permission denied"), OSError(2, "No such file"), BankmeshError("read-only file system")):
        assert explain_storage_fault(error) is None
