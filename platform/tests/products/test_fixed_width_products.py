"""A fixed-width file feeds products like any other; with a wrong trailer they keep what they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakery import DOMAIN, Bakery, as_it_was
from shop_workspace import SALES, SYSTEM

from bankmesh.ports import open_version
from bankmesh.products.lineage_events.landing_attempts import legacy_input
from bankmesh.sources import current_landing, read_system

if TYPE_CHECKING:
    from pathlib import Path

FIXED = """\
system: till
description: The till of the shop.
owner: till-team
folder: till
format: {encoding: utf-8}
objects:
  sale:
    description: One row for each sale.
    files: [sale.txt]
    record: sale
    format:
      kind: fixed_width
      record_length: 50
      padding: right
      selector: {start: 1, length: 1}
      records:
        sale: {value: S}
        end:
          value: E
          role: trailer
          totals: [{count: sale, start: 2, length: 6}, {sum: amount, of: sale, start: 8, length: 10, decimals: 2}]
    columns:
      sale_id: {start: 2, length: 6, type: long, required: true, classification: internal, description: Number of the sale.}
      customer_id: {start: 8, length: 6, type: long, required: true, classification: internal, description: Who bought.}
      sold_on: {start: 14, length: 10, type: date, format: "%Y-%m-%d", required: true, classification: internal, description: Day.}
      amount: {start: 24, length: 10, type: "decimal(14,2)", decimals: 2, required: true, classification: confidential, description: Paid.}
      voucher: {start: 34, length: 3, type: string, classification: restricted, description: Voucher used.}
      remark: {start: 37, length: 14, type: string, classification: restricted, description: What the cashier wrote.}
"""


def export(bakery: Bakery, more_sales: int = 0) -> None:
    cents = [int(sale.amount.replace(".", "")) for sale in SALES]
    lines = [
        f"S{sale.sale_id:06}{sale.customer_id:06}{sale.sold_on}{cent:010}{sale.voucher:3}{sale.remark}"
        for sale, cent in zip(SALES, cents, strict=True)
    ]
    lines.append(f"E{len(SALES) + more_sales:06}{sum(cents):010}")
    folder = bakery.settings.exports / "till"
    (folder / "sale.csv").unlink(missing_ok=True)
    (folder / "sale.txt").write_text("".join(f"{line:50}\n" for line in lines), encoding="utf-8")


def test_products_are_built_from_a_fixed_width_file_and_kept_when_its_trailer_disagrees(tmp_path: Path) -> None:
    bakery = Bakery.write(tmp_path / "workspace")
    hours = SYSTEM[SYSTEM.index("  hour:") :].replace(
        "files: [hour.csv]", "files: [hour.csv]\n    format: {kind: text}"
    )
    (bakery.package / "sources/till.yaml").write_text(FIXED + hours)
    export(bakery)
    with as_it_was():
        outcome, heard = bakery.run()
        assert outcome.success, heard.failures
        rows = open_version(bakery.port("sale"), None).scan_polars().collect()
        assert rows.height == len(SALES)
        landing = current_landing(bakery.settings.home, DOMAIN, "till", "sale")
        assert landing is not None
        assert (landing.rows, landing.other_records, landing.control_totals) == (len(SALES), {"end": 1}, 2)
        export(bakery, more_sales=1)
        outcome, heard = bakery.run()
        assert not outcome.success
        assert "the end record states 5 records of sale; the file has 4" in str(heard.failures)
        assert open_version(bakery.port("sale"), None).scan_polars().collect().equals(rows)
        assert current_landing(bakery.settings.home, DOMAIN, "till", "sale") == landing


def test_records_of_one_file_are_datasets_of_their_own_because_their_fields_differ(tmp_path: Path) -> None:
    (tmp_path / "till.yaml").write_text(FIXED, encoding="utf-8")
    [sale] = read_system(tmp_path / "till.yaml").objects
    assert legacy_input(sale, tmp_path).name.name == f"{tmp_path}/till/sale.txt#sale"
    (tmp_path / "till.yaml").write_text(FIXED.replace("    record: sale\n", "").split("      selector")[0] + """\
    columns:
      sale_id: {start: 2, length: 6, type: long, classification: internal, description: Number.}
""", encoding="utf-8")  # fmt: skip
    [sale] = read_system(tmp_path / "till.yaml").objects
    assert legacy_input(sale, tmp_path).name.name == f"{tmp_path}/till/sale.txt"
