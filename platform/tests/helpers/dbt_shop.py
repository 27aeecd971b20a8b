"""The shop's dbt project with files of a test's own, loaded as its code location does, and the faults expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from bankmesh.products.dbt.dbt_domain import DbtDomain, load_dbt_domain
from bankmesh.products.dbt.faults.configuration_faults import DbtFaults
from bankmesh.products.domain_package import read_domain
from bankmesh.workspace.dbt_project_files import DbtProjectPlace

if TYPE_CHECKING:
    from pathlib import Path

POSITIVE = """\
    {% test positive(model, column, column_name=none) %}
    {{ config(error_if="> 1") }}
    with broken as (select * from {{ model }} where {{ column }} <= {{ var('least', 10) }})
    select * from broken -- the rows that are not
    {% endtest %}
"""
SINGULAR = """\
    {{ config(severity='warn') }}
    select month, sum(amount) as total
    from {{ ref('monthly_sale') }}
    group by month
    having sum(amount) < 10
    -- a month of little
"""


@dataclass(frozen=True)
class Expected:
    """A fault: its file below `dbt_project`, the text on its line (None: the first line), its rule and some words."""

    file: str
    on: str | None
    rule: str
    words: str


def write(root: Path, files: dict[str, str]) -> None:
    """Files by their path below `dbt_project`."""
    for name, text in files.items():
        file = root / "dbt_project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))


def load(root: Path) -> DbtDomain:
    """The shop as its code location loads it. Raises DbtFaults."""
    domain = read_domain(root / "domains/shop/src/shop")
    return load_dbt_domain(DbtProjectPlace(root / "dbt_project", "shop", root / "mesh/dbt/shop"), domain, root)


def line_of(root: Path, expected: Expected) -> int:
    """The line of the text that a fault is expected on."""
    text = (root / "dbt_project" / expected.file).read_text()
    return 1 if expected.on is None else text[: text.index(expected.on)].count("\n") + 1


def faults_of(root: Path) -> list[tuple[str, int, str, str]]:
    """File below the dbt project, line, rule and message of each fault of the shop."""
    with pytest.raises(DbtFaults) as caught:
        load(root)
    before = f"{root / 'dbt_project'}/"
    return [(fault.file.removeprefix(before), fault.line, fault.rule, fault.message) for fault in caught.value.faults]


def assert_found(root: Path, expected: list[Expected]) -> None:
    """Every fault expected is found, on its line, and no other one."""
    found = faults_of(root)
    for one in expected:
        here = [
            message
            for file, line, rule, message in found
            if (file, rule, line) == (one.file, one.rule, line_of(root, one))
        ]
        assert any(one.words in message for message in here), (one, found)
    assert len(found) == len(expected), found
