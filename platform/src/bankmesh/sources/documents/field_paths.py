"""Paths to fields of nested JSON records: `customer.address.city`, `lines[0].sku`, `["odd.name"]`, `$.orders[*].id`."""

from __future__ import annotations

import re
from dataclasses import dataclass

Step = str | int | None
"""A key of an object, a position in a list (from 0), or None for every element of a list."""

_STEP = re.compile(r'\.?(?P<key>[^\s.\[\]"$*]+)|\[(?P<at>[0-9]{1,6}|\*)\]|\["(?P<odd>(?:[^"\\]|\\["\\])+)"\]')


@dataclass(frozen=True)
class FieldPath:
    """A path from the record, or from the top of the document if it is `absolute`."""

    steps: tuple[Step, ...]
    absolute: bool = False

    @property
    def wildcards(self) -> int:
        """The number of steps that take every element of a list."""
        return self.steps.count(None)

    def __str__(self) -> str:
        """The path as declarations write it."""
        return ("$" if self.absolute else "") + write_steps(self.steps, leading_dot=self.absolute)


def parse_path(text: str) -> FieldPath | None:
    """Return the path that a text spells; None if it spells none."""
    absolute = text.startswith("$")
    rest, steps = text[absolute:], list[Step]()
    while rest:
        match = _STEP.match(rest)
        if match is None or (rest[0] == "." and not steps and not absolute):
            return None
        if match["key"] is not None:
            if rest[0] != "." and (steps or absolute):
                return None
            steps.append(match["key"])
        elif match["odd"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", match["odd"]))
        else:
            steps.append(None if match["at"] == "*" else int(match["at"]))
        rest = rest[match.end() :]
    return FieldPath(tuple(steps), absolute) if steps or absolute else None


def write_steps(steps: tuple[Step, ...], *, leading_dot: bool = False) -> str:
    """Return steps as declarations write them."""
    text = ""
    for step in steps:
        if isinstance(step, str):
            match = _STEP.fullmatch(step)
            if match is not None and match["key"] == step:
                text += f".{step}" if text or leading_dot else step
            else:
                escaped = step.replace("\\", "\\\\").replace('"', '\\"')
                text += f'["{escaped}"]'
        else:
            text += "[*]" if step is None else f"[{step}]"
    return text


@dataclass(frozen=True)
class PlacedPath:
    """A path seen from the records of `rows`: `level` steps down from the top of the document, and then `steps`."""

    level: int
    steps: tuple[Step, ...]


def place_path(path: FieldPath, rows: FieldPath) -> PlacedPath:
    """Return where a path begins: at the record, or at the deepest of its ancestors that an absolute path shares.

    Raises ValueError if what follows would have several values.
    """
    shared = 0
    if path.absolute:
        for own, other in zip(path.steps, rows.steps, strict=False):
            if own != other:
                break
            shared += 1
    else:
        shared = len(rows.steps)
    rest = path.steps[shared:] if path.absolute else path.steps
    if None in rest:
        raise ValueError(str(path))
    return PlacedPath(shared, rest)
