"""Rewriting of the calls in dbt code: `ref()`, `source()` and `config()`; everything else stays as it is written."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BLOCK = re.compile(r"\{#.*?#\}|\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_CALL = re.compile(r"(?<![\w.])(?P<owner>builtins\.)?(?P<name>ref|source)\s*\(")
_PYTHON_CALL = re.compile(r"\bdbt\.(?P<name>ref|source)\s*\(")
_CONFIG = re.compile(r"\{\{-?\s*config\s*\(")
_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "'\""


@dataclass(frozen=True)
class ModelReference:
    """A call of `ref` or `source` with literal arguments; `version` is that of `ref('orders', v=2)`."""

    function: str
    arguments: tuple[str, ...]
    version: int | str | None = None

    def __str__(self) -> str:
        """As it is written in code."""
        words = [f"'{argument}'" for argument in self.arguments]
        return f"{self.function}({', '.join([*words, *([f'v={self.version}'] if self.version is not None else [])])})"


def rewrite_references(
    text: str,
    resolve: Callable[[ModelReference], ModelReference | None],
    *,
    python: bool = False,
    bare: bool = False,
) -> str:
    """Return code in which each reference is what `resolve` returns; it stays where that is None, or is computed.

    `python` is for Python models (`dbt.ref()`), `bare` for values of YAML files, which need no braces.
    """
    if python or bare:
        return _rewrite_calls(text, _PYTHON_CALL if python else _CALL, resolve)
    return _BLOCK.sub(lambda block: _in_block(block[0], resolve), text)


def rewrite_config(text: str, keep: Callable[[str, str], bool]) -> str:
    """Return a model whose `{{ config(...) }}` has only the settings for which `keep(key, value)` is true."""
    found = _CONFIG.search(text)
    if found is None:
        return text
    end = _closing(text, found.end())
    last = text.find("}}", end)
    if end < 0 or last < 0:
        return text
    parts = [part.partition("=") for part in _split(text[found.end() : end])]
    kept = [f"{key.strip()}={value.strip()}" for key, _, value in parts if keep(key.strip(), value.strip())]
    block = f"{{{{ config({', '.join(kept)}) }}}}" if kept else ""
    after = text[last + 2 :]
    return text[: found.start()] + block + (after if block else after.lstrip("\n"))


def _in_block(block: str, resolve: Callable[[ModelReference], ModelReference | None]) -> str:
    if block.startswith("{#") or re.match(r"\{%-?\s*raw", block):
        return block
    return _rewrite_calls(block, _CALL, resolve)


def _rewrite_calls(
    text: str, pattern: re.Pattern[str], resolve: Callable[[ModelReference], ModelReference | None]
) -> str:
    written: list[str] = []
    at = 0
    for call in pattern.finditer(text):
        end = _closing(text, call.end())
        reference = _literal(call["name"], text[call.end() : end]) if end >= call.end() else None
        replaced = resolve(reference) if reference is not None else None
        if replaced is not None:
            written += [text[at : call.start("name")], str(replaced)]
            at = end + 1
    return "".join([*written, text[at:]])


def _literal(function: str, arguments: str) -> ModelReference | None:
    words: list[str] = []
    version: int | str | None = None
    for part in _split(arguments):
        key, _, value = part.partition("=") if re.match(r"\s*\w+\s*=", part) else ("", "", part)
        try:
            read = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            return None
        if key.strip() in {"v", "version"}:
            version = read
        elif isinstance(read, str):
            words.append(read)
        else:
            return None
    return ModelReference(function, tuple(words), version)


def _closing(text: str, start: int) -> int:
    """Return the index of the parenthesis that closes a call whose arguments begin at `start`; -1 if none does."""
    depth = 1
    for index, character in _outside_quotes(text, start):
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0:
            return index if character == ")" else -1
    return -1


def _split(arguments: str) -> list[str]:
    """Return the arguments of a call, divided at the commas outside brackets and quotes."""
    depth, at = 0, 0
    parts: list[str] = []
    for index, character in _outside_quotes(arguments, 0):
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == "," and depth == 0:
            parts.append(arguments[at:index])
            at = index + 1
    return [part for part in (*parts, arguments[at:]) if part.strip()]


def _outside_quotes(text: str, start: int) -> Iterator[tuple[int, str]]:
    quote, escaped = "", False
    for index in range(start, len(text)):
        character = text[index]
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        else:
            yield index, character
