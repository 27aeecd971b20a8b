"""`mesh get`: rows in every format, to the terminal and to files."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import polars as pl
import pytest
from shop_workspace import SALES, Sale, changed, write_exports

from bankmesh.cli.get_command import Format, NotInJson, write_rows

MANY = tuple(Sale(number, 1, "2024-01-05", "1.00") for number in range(1, 31))


@pytest.fixture
def many(published):
    """Thirty sales as version 1."""
    write_exports(published.settings.exports, MANY)
    assert published.run("till.sale", "sale").success
    return published


def test_a_table_is_what_is_printed_unless_said_otherwise(mesh) -> None:
    heading, *rows = mesh("get", "shop.sale").out.splitlines()
    assert heading.split("\t")[:4] == ["sale_id", "customer_id", "sold_on", "amount"]
    assert rows[2].split("\t")[:4] == ["3", "2", "2024-02-01", "5.25"]
    assert len(rows) == 4


def test_csv(mesh) -> None:
    rows = list(csv.DictReader(io.StringIO(mesh("get", "shop.sale", "--format", "csv").out)))
    assert [row["amount"] for row in rows] == [sale.amount for sale in SALES]


def test_json(mesh) -> None:
    rows = json.loads(mesh("get", "shop.sale", "--format", "json").out)
    assert [row["sale_id"] for row in rows] == [1, 2, 3, 4]
    assert [Decimal(str(row["amount"])) for row in rows] == [Decimal(sale.amount) for sale in SALES]


@pytest.mark.parametrize(("kind", "read"), [("csv", pl.read_csv), ("json", pl.read_json), ("parquet", pl.read_parquet)])
def test_to_a_file(mesh, tmp_path, kind: str, read) -> None:
    file = tmp_path / f"sale.{kind}"
    said = mesh("get", "shop.sale", "--format", kind, "-o", file)
    assert said.code == 0
    assert read(file)["sale_id"].to_list() == [1, 2, 3, 4]


def test_parquet_keeps_the_contracts_types(mesh, tmp_path) -> None:
    mesh("get", "shop.sale", "--format", "parquet", "--output", tmp_path / "sale.parquet")
    assert pl.read_parquet_schema(tmp_path / "sale.parquet")["amount"] == pl.Decimal(18, 2)


def test_parquet_is_not_for_the_terminal(mesh) -> None:
    said = mesh("get", "shop.sale", "--format", "parquet")
    assert said.code != 0
    assert said.out == ""
    assert "-o FILE" in said.err


def test_columns_and_limit(mesh) -> None:
    said = mesh("get", "shop.sale", "--format", "csv", "--columns", "amount, sale_id", "--limit", "2")
    assert said.out == "amount,sale_id\n10.00,1\n20.50,2\n"
    assert mesh("get", "shop.sale", "--format", "csv", "--columns", "sale_id", "--limit", 0).out == "sale_id\n"


def test_a_column_that_is_not_there(mesh) -> None:
    said = mesh("get", "shop.sale", "--columns", "sale_id,amont")
    assert said.code == 2
    assert "There is no column of shop.sale amont. Did you mean amount?" in said.err


def test_a_table_shows_the_beginning_and_other_formats_everything(mesh, many) -> None:
    assert len(mesh("get", "shop.sale").out.splitlines()) == 21
    assert len(mesh("get", "shop.sale", "--limit", "25").out.splitlines()) == 26
    assert len(mesh("get", "shop.sale", "--format", "csv").out.splitlines()) == 31


def test_a_file_holds_every_row_whatever_the_format(mesh, many, tmp_path) -> None:
    assert mesh("get", "shop.sale", "-o", tmp_path / "sale.csv").code == 0
    assert pl.read_csv(tmp_path / "sale.csv").height == 30


def test_versions(mesh, published) -> None:
    write_exports(published.settings.exports, changed(1, amount="99.00"))
    assert published.run("till.sale", "sale").success
    one = ("--columns", "amount", "--limit", "1", "--format", "csv")
    assert mesh("get", "shop.sale", *one).out == "amount\n99.00\n"
    assert mesh("get", "shop.sale", "--version", "0", *one).out == "amount\n10.00\n"
    assert mesh("get", "shop.sale", "--version", "0", "--major", "1", *one).out == "amount\n10.00\n"
    said = mesh("get", "shop.sale", "--version", "7")
    assert (said.code, said.out) == (2, "")
    assert "shop.sale has no version 7. Readable versions: 0, 1." in said.err


def test_what_is_not_published_yet(mesh, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "empty"))
    said = mesh("get", "shop.sale")
    assert said.code == 2
    assert "shop.sale has no published version yet. `mesh run shop.sale` builds it." in said.err


def test_names_that_do_not_exist(mesh) -> None:
    for name in ("shop.sael", "sale", "shop", "shop.sale.x"):
        said = mesh("get", name)
        assert said.code == 2
        assert f"There is no product {name}." in said.err
    assert mesh("get", "shop.sale", "--major", "4").code == 2
    assert mesh("get", "shop.sale", "--format", "xml").code == 2
    assert mesh("get", "shop.sale", "--limit", "-1").code == 2


RATIOS = pl.DataFrame(
    {
        "sale_id": [1, 2, 3, 4],
        "ratio": [1.5, float("nan"), float("inf"), None],
        "scores": [[0.5], [float("-inf"), None], [], None],
        "amount": pl.Series(["1.50", None, "2.00", "3.00"]).cast(pl.Decimal(18, 2)),
    }
)


def test_json_of_what_json_cannot_say_is_refused_in_one_line(tmp_path, capsys) -> None:
    for output in (None, tmp_path / "rows.json"):
        with pytest.raises(NotInJson) as refused:
            write_rows(RATIOS.lazy(), Format.JSON, output)
        assert refused.value.counts == {"ratio": 2, "scores": 1}
        assert "ratio has 2, scores has 1 such values" in str(refused.value)
        assert "--format csv" in str(refused.value)
        assert "\n" not in str(refused.value)
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "rows.json").exists()


def test_json_of_the_other_rows_and_columns_is_written(capsys) -> None:
    write_rows(RATIOS.lazy().select("sale_id", "amount"), Format.JSON, None)
    assert json.loads(capsys.readouterr().out)[1] == {"sale_id": 2, "amount": None}
    write_rows(RATIOS.lazy().head(1), Format.JSON, None)
    assert json.loads(capsys.readouterr().out)[0]["ratio"] == 1.5


def test_csv_and_parquet_keep_what_is_no_number(tmp_path, capsys) -> None:
    write_rows(RATIOS.lazy(), Format.CSV, None)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["ratio"] for row in rows] == ["1.5", "NaN", "inf", ""]
    assert rows[1]["scores"].startswith("-inf")
    write_rows(RATIOS.lazy(), Format.PARQUET, tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(RATIOS)


@pytest.mark.parametrize("name", ["till.sale", "shop.landing.till_sale"])
def test_a_landing_is_not_read_and_the_message_says_what_does(mesh, name) -> None:
    said = mesh("get", name)
    assert (said.code, said.out) == (2, "")
    assert (
        "shop.landing.till_sale is a landing, which only products of shop read. `mesh show till.sale` has" in said.err
    )
    assert "`mesh new product shop.NAME --kind dbt --from till.sale`" in said.err


def test_more_rows_than_polars_counts_are_out_of_range(mesh) -> None:
    for words in (("get", "shop.sale"), ("rejects", "till.sale")):
        said = mesh(*words, "--limit", "99999999999999999999999")
        assert said.code == 2
        assert "not in the range 0<=x<=4294967295" in said.err
    assert mesh("get", "shop.sale", "--limit", "4294967295").code == 0


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_an_output_that_cannot_be_written(mesh, tmp_path, kind: str) -> None:
    for output, problem in (
        (tmp_path, "it is a folder"),
        (tmp_path / "absent/rows", "No such file or directory"),
        ("/dev/full", "No space left on device"),
    ):
        said = mesh("get", "shop.sale", "--format", kind, "-o", output)
        assert said.code == 2
        assert f"mesh: {output} cannot be written: {problem}" in said.err


def test_a_consumer_that_is_not_utf_8(mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANKMESH_CONSUMER", "\udcff")
    said = mesh("get", "shop.sale")
    assert said.code == 1
    assert "mesh: BANKMESH_CONSUMER is not UTF-8" in said.err
