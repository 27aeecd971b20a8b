"""docs/architecture.md lists every package of the platform, from the surface down."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLATFORM = ROOT / "platform" / "src" / "bankmesh"
HEADING = "## Packages of the platform"
_ROW = re.compile(r"^\| `(?P<package>[^`]+)` \|", re.MULTILINE)


@pytest.fixture(scope="module")
def listed() -> list[str]:
    """The first column of the table of packages, in the order of the rows."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split(f"\n{HEADING}\n")[1].split("\n## ")[0]
    return _ROW.findall(section)


@pytest.fixture(scope="module")
def layers() -> list[set[str]]:
    """The layers that import-linter checks inside of the platform, highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rules = [rule for rule in settings["tool"]["importlinter"]["contracts"] if rule["type"] == "layers"]
    assert [rule["containers"] for rule in rules] == [["bankmesh"]]
    return [set(re.findall(r"\w+", layer)) for layer in rules[0]["layers"]]


def platform_packages() -> set[str]:
    return {path.parent.name for path in PLATFORM.glob("*/__init__.py")}


def out_of_order(listed: list[str], layers: list[set[str]]) -> list[tuple[str, str]]:
    """Neighbours of the table of which the second one belongs to a higher layer than the first."""
    depth = {package: number for number, layer in enumerate(layers) for package in layer}
    placed = [package for package in listed if package in depth]
    return [(first, second) for first, second in pairwise(placed) if depth[second] < depth[first]]


def test_every_package_has_one_row(listed: list[str]) -> None:
    assert sorted(listed) == sorted(platform_packages())


def test_every_package_belongs_to_a_layer(layers: list[set[str]]) -> None:
    assert platform_packages() - set().union(*layers) == set()


def test_rows_are_in_the_order_of_the_layers(listed: list[str], layers: list[set[str]]) -> None:
    packages = platform_packages()
    assert out_of_order([package for package in listed if package in packages], layers) == []


def test_a_row_of_a_higher_layer_below_a_lower_one_would_be_found() -> None:
    layers = [{"cli"}, {"client", "products"}, {"ports"}]
    assert out_of_order(["cli", "products", "client", "ports"], layers) == []
    assert out_of_order(["client", "cli", "unplaced", "ports"], layers) == [("client", "cli")]
