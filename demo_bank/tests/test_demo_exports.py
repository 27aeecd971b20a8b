"""The exports as a reader of the legacy formats sees them."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from demo_bank import generate, published
from demo_bank.export import UnusableSettingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], pl.DataFrame]

LINES = {
    "account": rb'\d+;\d+;"POPLATEK (MESICNE|TYDNE|PO OBRATU)";9[3-7]\d{4}',
    "client": rb'\d+;"\d{6}";\d+',
    "disp": rb'\d+;\d+;\d+;"(OWNER|DISPONENT)"',
    "order": rb'\d+;\d+;"[A-Z]{2}";"\d+";\d+\.\d0;"(SIPO|UVER|POJISTNE|LEASING| )"',
    "loan": rb'\d+;\d+;9\d{5};\d+;(12|24|36|48|60);\d+\.00;"[ABCD]"',
    "card": rb'\d+;\d+;"(classic|junior|gold)";9\d{5} 00:00:00',
    "district": rb'\d+;"[^"]+";"[^"]+"(;\d+){6};\d+\.\d;\d+;(\?|\d+\.\d\d);\d+\.\d\d;\d+;(\?|\d+);\d+',
    "trans": rb'\d+;\d+;9\d{5};"(PRIJEM|VYDAJ|VYBER)";"[A-Z ]*";\d+\.\d0;-?\d+\.\d0;"[A-Z. ]*";'
    rb'(;|"[A-Z]{2}";"\d+"|"";"0")',
    "card_purchase": rb'\d+;\d+;9\d{5};\d+\.\d0;"\d{4}";"[A-Za-z0-9. ]+"',
}


@pytest.mark.parametrize("name", LINES)
def test_core_files_are_written_as_the_legacy_system_writes(exports: Path, name: str) -> None:
    header, *lines = gzip.decompress((exports / f"berka_pkdd99/{name}.asc.gz").read_bytes()).split(b"\r\n")
    assert header.startswith(b"A1;A2;") if name == "district" else header.startswith(b'"')
    assert lines.pop() == b""
    assert lines
    assert [line for line in lines if not re.fullmatch(LINES[name], line)] == []


def test_same_seed_same_bytes_other_seed_other_bytes(exports: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", scale=0.03, seed=7)
    generate(tmp_path / "other", scale=0.03, seed=7 + 1)
    files = sorted(file.relative_to(exports) for file in exports.rglob("*.*"))
    assert len(files) == 61
    for file in files:
        assert (exports / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file
        if file.suffix in {".gz", ".parquet"} and file.name != "completeddistrict.csv.gz":
            assert (exports / file).read_bytes() != (tmp_path / "other" / file).read_bytes(), file


def test_counts_are_the_published_ones_in_proportion(core: Read) -> None:
    expected = {
        "account": round(published.ACCOUNTS * 0.03),
        "client": round(published.ACCOUNTS * 0.03) + round(published.DISPONENTS * 0.03),
        "loan": round(published.LOANS * 0.03),
        "card": round(published.CARDS * 0.03),
        "district": 77,
    }
    assert {name: core(name).height for name in expected} == expected
    assert core("trans").height == pytest.approx(published.TRANSACTIONS * 0.03, rel=0.12)


def test_every_key_resolves_and_is_unique(core: Read) -> None:
    keys = {
        "account_id": core("account")["account_id"],
        "client_id": core("client")["client_id"],
        "disp_id": core("disp")["disp_id"],
        "card_id": core("card")["card_id"],
        "district_id": core("district")["A1"],
    }
    for name, key in keys.items():
        assert key.is_unique().all(), name
    for name in ("account", "client", "disp", "order", "loan", "card", "trans", "card_purchase"):
        frame = core(name)
        assert frame.to_series(0).is_unique().all(), name
        for column in set(frame.columns) & set(keys):
            assert frame[column].is_in(keys[column].to_list()).all(), (name, column)


def test_one_owner_an_account_one_disposition_a_client_one_card_an_owner(core: Read) -> None:
    dispositions = core("disp")
    owners = dispositions.filter(pl.col("type") == "OWNER")
    assert sorted(owners["account_id"]) == sorted(core("account")["account_id"])
    assert dispositions["client_id"].is_unique().all()
    cards = core("card").join(owners, on="disp_id")
    assert cards.height == core("card").height
    assert cards["account_id"].is_unique().all()


def test_loans_multiply_out_and_begin_after_the_account(core: Read) -> None:
    loans = core("loan").join(core("account"), on="account_id", suffix="_opened")
    amount, duration, payments = (loans[name].cast(pl.Float64) for name in ("amount", "duration", "payments"))
    assert (amount == duration * payments).all()
    assert (loans["date"] > loans["date_opened"]).all()
    assert loans["account_id"].is_unique().all()


def test_crm_knows_the_same_clients_born_twenty_years_later(core: Read, crm: Read) -> None:
    clients = core("client").with_columns(key="C" + pl.col("client_id").str.zfill(8))
    known = crm("completedclient")
    assert known["client_id"].to_list() == clients["key"].to_list()
    born = 1920 + clients["birth_number"].str.slice(0, 2).cast(pl.Int64)
    assert (known["year"].cast(pl.Int64) == born).all()
    female = clients["birth_number"].str.slice(2, 2).cast(pl.Int64) > 50
    assert ((known["sex"] == "Female") == female).all()
    assert known["fulldate"].str.contains(r"^\d{1,2}/\d{1,2}/20\d\d$|^\d{1,2}/\d{1,2}/19\d\d$").all()
    assert known["social"].str.contains(r"^9\d\d-[1-4]\d-\d{4}$").all()
    assert known["email"].str.contains(r"@example\.(com|org|net)$").all()
    assert known["phone"].str.contains(r"^\d{3}-555-\d{4}$").all()
    assert (known["zipcode"].str.len_chars() == 4).any()


def test_line_ends_of_crm_files(exports: Path) -> None:
    for file in (exports / "retail_banking_demo").iterdir():
        ended = gzip.decompress(file.read_bytes()).endswith(b"\n")
        assert ended == (file.name.startswith(("completedclient", "crm_"))), file.name


def test_consents_name_clients_in_three_spellings_and_have_one_latest_answer(core: Read, crm: Read) -> None:
    answers = crm("crm_consent")
    forms = answers["client_id"].str.replace_all(r"\d+", "9").unique().to_list()
    assert sorted(forms) == ["9", "9.9", "C9"]
    number = answers["client_id"].str.strip_prefix("C").cast(pl.Float64).cast(pl.Int64).alias("number")
    known = core("client")["client_id"].cast(pl.Int64)
    assert number.is_in(known.to_list()).all()
    assert number.n_unique() < len(known)
    assert answers.with_columns(number).select("number", "purpose", "updated_at").is_unique().all()
    assert answers.with_columns(number).group_by("number", "purpose").len()["len"].max() == 3


@pytest.mark.parametrize(("scale", "seed"), [(0, 1), (-1, 1), (501, 1), (1, -1)])
def test_unusable_settings_are_refused_before_anything_is_written(
    tmp_path: Path, scale: float, seed: int
) -> None:
    with pytest.raises(UnusableSettingError):
        generate(tmp_path / "no", scale=scale, seed=seed)
    assert not (tmp_path / "no").exists()


def test_the_smallest_bank_has_everything(tmp_path: Path) -> None:
    rows = generate(tmp_path, scale=0.0001, seed=3).rows
    assert rows["account"] == 20
    assert all(rows.values())
