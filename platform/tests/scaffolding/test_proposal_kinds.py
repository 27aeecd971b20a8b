"""Declarations proposed from fixed-width files, Parquet and bank messages land those files."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from camt_samples import Entry, Statement, camt
from proposed_source import write_empty_workspace

from bankmesh.scaffolding.source_proposals.fixed_width import find_fields
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, ProposalOptions
from bankmesh.scaffolding.source_scaffold import NewSource, land_source, plan_source, write_source


@pytest.fixture
def scaffold(tmp_path):
    home = write_empty_workspace(tmp_path)

    def scaffold(file, kind=None):
        plan = plan_source(home, NewSource("shop", [file]), ProposalOptions(kind=kind))
        write_source(plan)
        return plan, land_source(home, plan)

    (tmp_path / "host").mkdir()
    return scaffold


def test_fields_are_parted_by_positions_that_are_blank_in_all_rows():
    assert find_fields([True, True, False, True, False, False, True]) == [(1, 2), (4, 1), (7, 1)]


def test_a_fixed_width_file_lands_with_values_as_written(scaffold, tmp_path):
    file = tmp_path / "host" / "boxes.txt"
    rows = [f"{n:>5} {'Plzeň' if n % 2 else 'Brno':<8} {n}.50".ljust(22) for n in range(1, 301)]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")

    plan, landing = scaffold(file, kind="fixed_width")

    assert (landing.rows, landing.rejects) == (300, 0)
    landed = pl.read_parquet(landing.rows_paths[0])
    assert landed.row(1) == (2, "Brno", Decimal("2.50"))
    assert landed.row(2)[1] == "Plzeň"
    assert "Brno" not in plan.text


def test_whole_numbers_grouped_by_points_land_as_written(scaffold, tmp_path):
    file = tmp_path / "host" / "boxes.csv"
    file.write_text("id;amount\n1;1.234.567\n2;2.345.678\n", encoding="utf-8")
    plan, landing = scaffold(file)
    assert dict(plan.proposal.columns[1].keys)["type"] == "long"
    assert pl.read_parquet(landing.rows_paths[0])["amount"].to_list() == [1234567, 2345678]


def test_grouped_numbers_that_no_long_holds_land_as_written(scaffold, tmp_path):
    file = tmp_path / "host" / "boxes.csv"
    file.write_text("id;amount\n1;1.234.567.890.123.456.789.012\n2;2.345.678\n", encoding="utf-8")
    plan, landing = scaffold(file)
    assert dict(plan.proposal.columns[1].keys)["type"] == "decimal(38,0)"
    assert pl.read_parquet(landing.rows_paths)["amount"].to_list() == [
        Decimal(1234567890123456789012),
        Decimal(2345678),
    ]


def test_lines_of_different_lengths_are_refused_with_advice(scaffold, tmp_path):
    file = tmp_path / "host" / "boxes.txt"
    file.write_text("H20240531\nS0001 NOVAK\n", encoding="utf-8")
    with pytest.raises(CannotPropose, match="differ in length") as refused:
        scaffold(file, kind="fixed_width")
    assert "NOVAK" not in str(refused.value)


def test_a_parquet_file_lands_in_the_types_that_it_stores(scaffold, tmp_path):
    file = tmp_path / "host" / "boxes.parquet"
    pl.DataFrame(
        {
            "box_id": [1, 2, 3],
            "rent": [Decimal("1.50"), None, Decimal("2.25")],
            "since": [dt.date(2024, 5, 31)] * 3,
            "opened": [dt.datetime(2024, 5, 31, 12)] * 3,  # noqa: DTZ001 - stored without a zone
            "owner_email": ["a@b.cz", "c@d.cz", "e@f.cz"],
            "is_open": [True, False, True],
        },
        schema_overrides={"rent": pl.Decimal(12, 2)},
    ).write_parquet(file)

    plan, landing = scaffold(file)

    assert (landing.rows, landing.rejects) == (3, 0)
    keys = {column.header: dict(column.keys) for column in plan.proposal.columns}
    assert keys["box_id"] == {"type": "long", "required": True}
    assert keys["rent"] == {"type": "decimal(12,2)"}
    assert keys["opened"]["timezone"] == "UTC"
    assert "which time zone" in plan.text
    assert "a@b.cz" not in plan.text
    landed = pl.read_parquet(landing.rows_paths[0])
    assert landed["rent"].to_list() == [Decimal("1.50"), None, Decimal("2.25")]


def test_a_camt053_file_lands_its_entries_with_all_fields_of_the_standard(scaffold, tmp_path):
    file = tmp_path / "host" / "statement.xml"
    written = camt(
        [Statement(entries=[Entry(Decimal("100.50"), is_credit=True), Entry(Decimal("20.25"), is_credit=False)])]
    )
    file.write_bytes(written if isinstance(written, bytes) else written.encode())

    plan, landing = scaffold(file)

    assert plan.proposal.format == {"kind": "camt053"}
    assert (landing.rows, landing.rejects) == (2, 0)
    assert "which records are needed?" in plan.text
    amounts = pl.read_parquet(landing.rows_paths[0])["amount"].to_list()
    assert amounts == [Decimal("100.50"), Decimal("20.25")]
