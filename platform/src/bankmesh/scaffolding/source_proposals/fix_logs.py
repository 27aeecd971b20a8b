"""The layout of logs of FIX messages: delimiter, what is in front of each message, and repeating groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.scaffolding.source_proposals.message_kinds import FIX_BEGINNING
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose
from bankmesh.sources.bank_messages.fix.fix_format import FixFormat
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BLOCK = 1 << 20
_MOST_PREFIXES = 8
_SOH = FixFormat().delimiter.encode()

_GROUPS = {
    "453": ["448", "447", "452", "802", "523", "803"],
    "382": ["375", "337", "437", "438", "655"],
    "136": ["137", "138", "139", "891"],
    "454": ["455", "456"],
    "232": ["233", "234"],
    "518": ["519", "520", "521"],
    "768": ["769", "770", "771"],
    "627": ["628", "629", "630"],
}
"""Repeating groups of execution reports by FIX 4.2 to 4.4: parties, contra brokers, fees, other identifiers,
stipulations, amounts, time stamps, hops. By the tag of the count, the tags of the members, the first one first."""

_RUNS = (
    ("[0-9]+", re.compile(rb"[0-9]+")),
    ("[A-Za-z]+", re.compile(rb"[A-Za-z]+")),
    ("[^ -~]+", re.compile(rb"[^ -~]+")),
)
"""Patterns of runs of characters, so that no word, number or name of a log is in a declaration."""


def find_fix_layout(files: Sequence[Path], encoding: str) -> dict[str, object]:
    """Return the keys of the format that all lines of the files show. Raises CannotPropose for files without FIX."""
    delimiter = b""
    prefixes: set[str] = set()
    counts: set[str] = set()
    for file in files:
        for block in LegacyText(file, encoding, _BLOCK).blocks():
            lines = block.text.split(b"\n")
            for line, found in ((line, FIX_BEGINNING.search(line)) for line in lines):
                if found is not None:
                    delimiter = delimiter or found[1]
                    prefixes.add(_prefix_pattern(line[: found.start()], delimiter))
            counts.update(tag for tag in _GROUPS if delimiter and delimiter + tag.encode() + b"=" in block.text)
    if not delimiter:
        raise CannotPropose(files[0], "it holds no FIX message", "Give files of messages that begin with 8=FIX.")
    keys: dict[str, object] = {}
    if delimiter != _SOH:
        keys["delimiter"] = delimiter.decode(encoding, errors="replace")
    if prefixes != {""}:
        several = len(prefixes) > _MOST_PREFIXES
        keys["prefix"] = ".*?" if several else "|".join(sorted(prefixes, key=lambda each: (-len(each), each)))
    if counts:
        keys["groups"] = {tag: _GROUPS[tag] for tag in _GROUPS if tag in counts}
    return keys


def _prefix_pattern(prefix: bytes, delimiter: bytes) -> str:
    """Return a pattern of a prefix that holds no word or number of it; "" behind another message of the line."""
    if not prefix or prefix.endswith(delimiter):
        return ""
    pattern, at = "", 0
    while at < len(prefix):
        run = next(((name, found) for name, sign in _RUNS if (found := sign.match(prefix, at))), None)
        if run is None:
            pattern += re.escape(prefix[at : at + 1].decode("latin-1"))
            at += 1
        else:
            pattern += run[0]
            at = run[1].end()
    return pattern
