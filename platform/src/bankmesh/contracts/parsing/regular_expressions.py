r"""Validation of the regular expressions in contracts: RE2 (DuckDB), Rust (Polars) and Python must agree on them.

Refused: look-arounds, backreferences, atomic groups and possessive repetition, which RE2 does not have because they
cannot run in linear time; escapes and flags that the three spell differently; counts above 1000, RE2's limit.
"""

from __future__ import annotations

import re
import warnings

_MOST_REPEATS = 1_000  # RE2's own limit
_ESCAPES = "dDwWsSbBAnrtfv"
_TOKENS = re.compile(
    r"\\(?P<escape>.?)|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\(\?)|(?P<stacked>[*+?]\+)|\{(?P<low>\d*),?(?P<high>\d*)\}(?P<again>\+?)",
    re.DOTALL,
)
_GROUPS = re.compile(r"\(\?(?::|P<|[ims]+[:)])")


def check_pattern(pattern: str) -> str | None:
    """Return what is wrong with a regular expression, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning, RecursionError, OverflowError) as error:
        return f"{pattern} is not a regular expression: {error}"
    for token in _TOKENS.finditer(pattern):
        problem = _problem(token, pattern)
        if problem:
            return problem
    return None


def _problem(token: re.Match[str], pattern: str) -> str | None:
    text = token.group()
    if text.startswith("["):
        inner = re.findall(r"\\(.)", text, re.DOTALL)
        bad = next((letter for letter in inner if not _portable(letter) or letter in "bBA"), None)
        return f"\\{bad} in {text} is not supported" if bad else None
    escape = token["escape"]
    if escape is not None and not _portable(escape):
        what = "a backreference" if escape.isdigit() else "this escape"
        return f"\\{escape} in {pattern}: {what} is not supported (RE2 syntax)"
    if token["open"] is not None and not _GROUPS.match(pattern, token.start()):
        opening = pattern[token.start() : token.start() + 4]
        return f"{opening} in {pattern}: look-arounds and atomic groups are not supported (RE2 syntax)"
    if token["stacked"] is not None or token["again"]:
        return f"{text} in {pattern}: possessive repetition is not supported (RE2 syntax)"
    return _count_problem(token, pattern)


def _count_problem(token: re.Match[str], pattern: str) -> str | None:
    """Return what is wrong with a `{low,high}` token, or None."""
    low, high = token["low"], token["high"]
    if high and not low:
        return f"{token.group()} in {pattern} has no lower count; write {{0,{high}}}"
    if any(int(count) > _MOST_REPEATS for count in (low, high) if count):
        return f"{token.group()} in {pattern}: at most {_MOST_REPEATS} repetitions are supported (RE2 syntax)"
    return None


def _portable(letter: str) -> bool:
    """Whether a backslash before this character means the same in all engines: punctuation and the common classes."""
    return letter in _ESCAPES or (letter.isascii() and not letter.isalnum())
