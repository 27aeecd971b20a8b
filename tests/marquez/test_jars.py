"""The jars of Marquez are those that were downloaded, or there is no test."""

from __future__ import annotations

import pytest
from marquez import jars


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "marquez-api.jar").write_bytes(b"a jar")
    jars._note_sums(tmp_path)
    monkeypatch.setenv(jars.FOLDER, str(tmp_path))
    return tmp_path


def test_jars_as_they_were_noted(folder):
    assert jars.class_path() == f"{folder}/*"


@pytest.mark.parametrize("harm", ["changed", "added", "removed"])
def test_a_jar_that_is_not_as_it_was_noted(folder, harm):
    (folder / "other.jar").write_bytes(b"another")
    if harm != "added":
        jars._note_sums(folder)
        (folder / "other.jar").unlink() if harm == "removed" else (folder / "other.jar").write_bytes(b"changed")
    with pytest.raises(jars.NoMarquezError, match="SHA256SUMS"):
        jars.class_path()


def test_a_folder_without_jars(tmp_path, monkeypatch):
    monkeypatch.setenv(jars.FOLDER, str(tmp_path))
    with pytest.raises(jars.NoMarquezError, match="holds no jar"):
        jars.class_path()


def test_a_download_that_fails_leaves_nothing_behind_and_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv(jars.FOLDER, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(jars.NoMarquezError, match=rf"Maven is needed.*{jars.FOLDER}"):
        jars.class_path()
    assert list((tmp_path / "bankmesh" / "marquez").iterdir()) == []
