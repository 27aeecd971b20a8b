"""Characters of the EBCDIC code pages, by byte.

Python has cp037, cp273, cp424, cp500, cp875, cp1026 and cp1140. The other pages of Western and Central Europe are given
by their base and the characters in which they differ from it, as IBM publishes them.
"""
# ruff: noqa: RUF001 - the tables are characters that look like others

from __future__ import annotations

from functools import lru_cache

_OF_PYTHON = ("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140")
_DERIVED = {
    "cp277": ("cp500", "474a5a5b676a707b7c809c9e9fa1c0d0dc", "}#¤Å$ø¦ÆØ@{[]üæå~"),
    "cp278": ("cp273", "474a51595a5b636771797b7c9fa1b5bcd0dce0ecfc", "}§`ß¤Å#$\\éÄÖ]ü[¯å~É@Ü"),
    "cp280": ("cp500", "44484a5154585a6a797b7c90a1b1b5c0cdd0dde0", "{\\°]}~éòù£§[ì#@à¦è`ç"),
    "cp284": ("cp500", "494f5f696a7ba1babbbd", "¦|¬#ñÑ¨^!~"),
    "cp285": ("cp037", "4a5ba1b0b1babc", "$£¯¢[^~"),
    "cp297": ("cp500", "44484a51545a6a797b7c90a0a1b1b5bdc0d0dde0", "@\\°{}§ùµ£à[`¨#]~éè¦ç"),
    "cp870": (
        "cp500",
        "4446474952545758646667696a7072747778808a8b8c8e8f9a9b9c9ea0aaabacaeafb0b1b2b3b4b6b7b8b9babbbccdcfdadbdddfeaedeffafbfd",
        "ţăčćęůľĺ˝ĂČĆ|ˇĘŮĽĹ˘śňđřşłńš˛ąŚŇĐŘŞ˙ĄżŢŻžźŽŹŁŃŠŕőĚűťěďŔŐĎŰŤ",
    ),
    "cp871": ("cp500", "4a5a5f797c8c8e9c9ea1acaebec0ccd0e0ec", "ÞÆÖðÐ`{}]ö@[\\þ~æ´^"),
    "cp1047": ("cp037", "5fadb0babbbd", "^[¬Ý¨]"),
    "cp1141": ("cp273", "9fbc", "€¯"),
    "cp1142": ("cp500", "474a5a5b676a707b7c809c9e9fa1c0d0dc", "}#€Å$ø¦ÆØ@{[]üæå~"),
    "cp1143": ("cp273", "474a51595a5b636771797b7c9fa1b5bcd0dce0ecfc", "}§`ß€Å#$\\éÄÖ]ü[¯å~É@Ü"),
    "cp1144": ("cp500", "44484a5154585a6a797b7c909fa1b1b5c0cdd0dde0", "{\\°]}~éòù£§[€ì#@à¦è`ç"),
    "cp1145": ("cp500", "494f5f696a7b9fa1babbbd", "¦|¬#ñÑ€¨^!~"),
    "cp1146": ("cp037", "4a5b9fa1b0b1babc", "$£€¯¢[^~"),
    "cp1147": ("cp500", "44484a51545a6a797b7c909fa0a1b1b5bdc0d0dde0", "@\\°{}§ùµ£à[€`¨#]~éè¦ç"),
    "cp1148": ("cp500", "9f", "€"),
    "cp1149": ("cp500", "4a5a5f797c8c8e9c9e9fa1acaebec0ccd0e0ec", "ÞÆÖðÐ`{}]€ö@[\\þ~æ´^"),
}
CODE_PAGES = tuple(sorted((*_OF_PYTHON, *_DERIVED), key=lambda name: int(name.removeprefix("cp"))))
"""The code pages that a declaration may name."""

UNASSIGNED = "\ufffd"
"""In place of the character of a byte that has none."""


@lru_cache(maxsize=32)
def decoding_table(page: str) -> str:
    """Return the 256 characters of a code page, with U+FFFD for bytes that have none."""
    base, places, characters = _DERIVED.get(page, (page, "", ""))
    table = list(bytes(range(256)).decode(base, errors="replace"))
    for byte, character in zip(bytes.fromhex(places), characters, strict=True):
        table[byte] = character
    return "".join(table)


def encode_text(text: str, page: str) -> bytes | None:
    """Return a text in a code page; None if it has a character that the page lacks."""
    table = decoding_table(page)
    places = [table.find(character) for character in text]
    return None if min(places, default=0) < 0 else bytes(places)
