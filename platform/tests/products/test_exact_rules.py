"""A rule's bound holds to the last digit in a whole build, with Polars and with dbt."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from shop_frames import MONEY, SALES, sale
from shop_workspace import write_workspace

from bankmesh.testing import domain_contract, try_product

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.testing import Trial

AMOUNTS = ["9000000000000000.01", "100000000000000.00", "0.01"]
TOTAL = Decimal("9100000000000000.02")  # doubles lie two apart here
RULE = """\
    quality:
      - id: control_total
        type: sql
        query: select sum({column}) from ${{table}}
        mustBe: {bound}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workspace(tmp_path_factory.mktemp("exact")) / "shop"


def build(package: Path, home: Path, name: str, column: str, bound: str) -> Trial:
    """The product with a control total, from sales of large amounts."""
    file = package / f"contracts/{name}.odcs.yaml"
    text = file.read_text(encoding="utf-8").replace("logicalTypeOptions: {maximum: 1000}", "")
    before, found, after = text.partition("    quality:\n")
    rule = RULE.format(column=column, bound=bound)
    changed = home / f"{name}.odcs.yaml"
    changed.write_text(before + rule + after if found else text + rule, encoding="utf-8")
    frame = SALES.with_columns(amount=pl.Series(AMOUNTS).cast(MONEY))
    if name == "sale":
        return try_product(changed, {"sales": frame}, transform=sale, home=home)
    file.write_text(changed.read_text(encoding="utf-8"), encoding="utf-8")
    return try_product(domain_contract(package, name), {"shop.sale": frame}, home=home)


@pytest.mark.parametrize(("name", "column"), [("sale", "amount"), ("customer_spend", "total")])
@pytest.mark.parametrize(("bound", "broken"), [(TOTAL, ()), (TOTAL + Decimal("0.01"), ("control_total",))])
def test_a_cent_decides(package: Path, tmp_path: Path, name: str, column: str, bound: Decimal, broken) -> None:
    original = (package / f"contracts/{name}.odcs.yaml").read_text(encoding="utf-8")
    try:
        trial = build(package, tmp_path, name, column, str(bound))
    finally:
        (package / f"contracts/{name}.odcs.yaml").write_text(original, encoding="utf-8")
    assert float(bound) == float(TOTAL)
    assert sum(trial.rows[column].to_list()) == TOTAL
    assert set(broken) == {clause for clause in trial.broken if clause == "control_total"}
    assert (trial.publication is None) is bool(trial.broken)
