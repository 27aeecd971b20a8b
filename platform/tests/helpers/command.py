"""The `mesh` command as a person types it, called in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.cli.main import main

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True)
class Said:
    """Exit code, standard output and standard error."""

    code: int
    out: str
    err: str


class Command:
    """Call it with the words after `mesh`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *words: object) -> Said:
        self._monkeypatch.setattr(sys, "argv", ["mesh", *map(str, words)])
        self._capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Said(code, captured.out, captured.err)
