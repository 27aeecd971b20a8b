"""Environment variables: each is read in one module, with its default and its bounds, and described in one table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bankmesh
from bankmesh import settings
from bankmesh.settings import BadNumber, WholeNumber

NUMBERS = [value for value in vars(settings).values() if isinstance(value, WholeNumber)]
PLATFORM = Path(bankmesh.__file__).parent
NAMED = re.compile(r"\"((?:BANKMESH|MESH|BANK)_[A-Z_]+|OPENLINEAGE_[A-Z_]+)\"")
OF_THE_PROJECT = {"BANKMESH_DOMAIN"}  # set for dbt, and read by its project file alone
SET_FOR_OTHERS = {"testing/fixtures.py"}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.variable)
def test_a_number_has_a_default_and_bounds(number: WholeNumber, monkeypatch: pytest.MonkeyPatch) -> None:
    for unset in (
        lambda: monkeypatch.delenv(number.variable, raising=False),
        lambda: monkeypatch.setenv(number.variable, ""),
    ):
        unset()
        assert number.read() == number.default
    for value in (number.least, number.most):
        monkeypatch.setenv(number.variable, str(value))
        assert number.read() == value
    for senseless in (str(number.least - 1), str(number.most + 1), "soon", "1.5", "-1", "²", " 5"):
        monkeypatch.setenv(number.variable, senseless)
        with pytest.raises(BadNumber, match=f"from {number.least} to {number.most}"):
            number.read()


def test_every_variable_is_read_in_one_module_and_described_there() -> None:
    named = {
        (name, path.relative_to(PLATFORM).as_posix())
        for path in PLATFORM.rglob("*.py")
        for name in NAMED.findall(path.read_text(encoding="utf-8"))
        if name not in OF_THE_PROJECT
    }
    assert len(named) > 12
    assert {place for _, place in named} - SET_FOR_OTHERS == {"settings.py"}
    described = settings.__doc__ or ""
    assert {name for name, _ in named if f"`{name}`" not in described} == {
        "OPENLINEAGE_DISABLED",
        "OPENLINEAGE__TRANSPORT",
    }
