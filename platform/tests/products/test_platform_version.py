"""The platform's version is the same in every process, and changes with Python, any library, and the platform's files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bankmesh
from bankmesh.products.code.platform_version import installed, platform_version

ASK = "from bankmesh.products.code.platform_version import platform_version; print(platform_version())"


def _asked(*path: Path) -> str:
    code = f"import sys; sys.path[:0] = {[str(folder) for folder in path]!r}; {ASK}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=path[0])
    return done.stdout.strip()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the platform's code, which goes before the installed one."""
    folder = tmp_path_factory.mktemp("platform")
    source = Path(bankmesh.__file__).parent
    shutil.copytree(source, folder / "bankmesh", ignore=shutil.ignore_patterns("__pycache__", ".user.yml"))
    return folder


def test_every_process_has_the_same(copy: Path) -> None:
    assert len(platform_version()) == 16
    assert _asked(copy) == _asked(copy)


@pytest.mark.parametrize(
    ("name", "text"),
    [("products/versions/staleness.py", "# more\n"), ("products/dbt/dbt_files/macros/more.sql", "select 1\n")],
)
def test_a_changed_file_of_the_platform_changes_it(copy: Path, name: str, text: str) -> None:
    file = copy / "bankmesh" / name
    before, was = _asked(copy), file.read_text() if file.exists() else None
    file.write_text((was or "") + text)
    try:
        assert _asked(copy) != before
    finally:
        file.unlink() if was is None else file.write_text(was)
    assert _asked(copy) == before


def test_a_library_that_is_installed_or_upgraded_changes_it(copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site-packages"
    before = _asked(copy)
    (folder / "rounding-1.0.0.dist-info").mkdir(parents=True)
    first = _asked(copy, folder)
    (folder / "rounding-1.0.0.dist-info").rename(folder / "rounding-1.0.1.dist-info")
    assert len({before, first, _asked(copy, folder)}) == 3


def test_where_a_process_was_started_and_what_tools_leave_do_not_change_it(copy: Path, tmp_path: Path) -> None:
    before = _asked(copy)
    (tmp_path / "workspace-0.1.0.egg-info").mkdir()
    assert _asked(copy, tmp_path) == before
    left = copy / "bankmesh/products/dbt/dbt_files/.user.yml"
    left.write_text("id: 1\n")
    try:
        assert _asked(copy) == before
    finally:
        left.unlink()


def test_libraries_are_listed_with_their_versions() -> None:
    assert any(name.startswith("polars-") and name.endswith(".dist-info") for name in installed())
