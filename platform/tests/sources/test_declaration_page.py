"""The reference of source declarations has a row for every key that the reader knows, and for none that it does not."""

import re
from pathlib import Path

import pytest

from bankmesh.sources.declarations.column_reader import COLUMN_KEYS
from bankmesh.sources.declarations.declaration_reader import OBJECT_KEYS, SYSTEM_KEYS
from bankmesh.sources.declarations.number_formats import DECIMAL_READERS, MINUS, WHOLE_READERS
from bankmesh.sources.declarations.source_declaration import ENCODINGS, OTHERWISE
from bankmesh.sources.declarations.text_format_reader import TEXT_KEYS, TEXT_TOTAL_KEYS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "source-declaration.md").read_text(encoding="utf-8")


def keys_of(section: str) -> set[str]:
    """First column of the first table below a heading."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    table = re.search(r"\| key \|.*\n\| --- .*\n((?:\|.*\n)+)", text)
    assert table is not None
    return {line.split("|")[1].strip().strip("`") for line in table[1].splitlines()}


@pytest.mark.parametrize(
    ("section", "known"),
    [
        ("The declaration", SYSTEM_KEYS),
        ("format", ("kind", *TEXT_KEYS)),
        ("objects", OBJECT_KEYS),
        ("columns", COLUMN_KEYS),
    ],
)
def test_every_key_is_explained(section, known):
    assert keys_of(section) == set(known)


def test_every_key_of_a_total_is_explained():
    text = PAGE.split("\n### Title lines and trailers\n")[1].split("\n### ")[0]
    assert not [key for key in TEXT_TOTAL_KEYS if f"`{key}`" not in text]


@pytest.mark.parametrize(
    "words", [ENCODINGS, OTHERWISE, WHOLE_READERS, DECIMAL_READERS, MINUS, ("control_file", "otherwise", "column")]
)
def test_every_word_is_explained(words):
    assert not [word for word in words if f"`{word}`" not in PAGE]
