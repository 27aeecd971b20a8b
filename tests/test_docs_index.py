"""The documentation's index is complete, and links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    page.relative_to(ROOT).as_posix() for pattern in ("*.md", "*/*.md", "docs/*/*.md") for page in ROOT.glob(pattern)
)
_LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What the headings of a page can be linked as: letters, digits and hyphens of the title, in small letters."""
    titles = (found["title"].lower() for found in _HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("part", ["By role", "By kind"])
def test_each_list_of_the_index_links_every_page_once(part: str) -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8").split(f"\n## {part}\n")[1].split("\n## ")[0]
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"}
    assert sorted(found["path"] for found in _LINK.finditer(text)) == sorted(pages)


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_to_files_and_headings(name: str) -> None:
    page = ROOT / name
    broken = []
    for found in _LINK.finditer(prose(page)):
        target = (page.parent / found["path"]) if found["path"] else page
        if not target.exists() or (found["anchor"] and found["anchor"] not in anchors(target)):
            broken.append(found[0])
    assert broken == []
