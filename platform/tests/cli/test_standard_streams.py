"""Standard streams that are closed or full: one line says so, and no other file is blamed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MESH = Path(sys.executable).with_name("mesh")


def _run(published, words: str, redirection: str) -> tuple[int, str, str]:
    settings = published.settings
    named = {"BANKMESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home), "BANK_DATA": str(settings.exports)}
    ran = subprocess.run(
        ["sh", "-c", f'"$0" {words} {redirection}', MESH], env=os.environ | named, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("words", ["get shop.sale", "get shop.sale --format json", "show shop.sale --json", "--help"])
def test_a_full_standard_output_is_named(published, words: str) -> None:
    code, _, error = _run(published, words, ">/dev/full")
    assert code == 1
    assert error.splitlines()[-1].startswith("mesh: standard output cannot be written: No space left on device.")
    assert "MESH_HOME" not in error
    assert "Traceback" not in error


@pytest.mark.parametrize("words", ["get shop.sale", "show shop.sale"])
@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_reads_and_writes_nothing(published, words: str, redirection: str) -> None:
    code, output, error = _run(published, words, redirection)
    assert code == 0
    assert "Traceback" not in error
    assert bool(output) == (redirection != ">&-")


def test_a_reader_of_the_output_that_ends_is_no_error(published) -> None:
    code, output, error = _run(published, "get shop.sale --format csv", "| head -1")
    assert (code, output.count("\n")) == (0, 1)
    assert "Traceback" not in error
