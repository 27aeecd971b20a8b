"""What the documentation tells people to write and to type, taken out of its Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w+)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One thing to do: a file to write (`file` is set), or a command to type."""

    line: int
    text: str
    file: str | None


def read_steps(page: Path) -> list[Step]:
    """The steps of a page in order: blocks with `file=`, Python to run, and lines with `$ ` in `console` blocks."""
    text = page.read_text(encoding="utf-8")
    steps: list[Step] = []
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["file"]:
            steps.append(Step(line, found["text"], found["file"]))
        elif found["language"] == "python":
            steps.append(Step(line, f"python - <<'END_OF_PYTHON'\n{found['text']}END_OF_PYTHON", None))
        elif found["language"] == "console":
            steps += [
                Step(line + offset, typed[2:], None)
                for offset, typed in enumerate(found["text"].splitlines(), start=1)
                if typed.startswith("$ ")
            ]
    return steps
