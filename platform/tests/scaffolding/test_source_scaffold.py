"""Declarations proposed from real files: what they say, what they never hold, and that the files land by them."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from command import Command
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bankmesh.scaffolding.scaffold_input import CannotScaffold
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, ProposalOptions
from bankmesh.scaffolding.source_scaffold import NewSource, land_source, note_key, plan_source, write_source
from bankmesh.sources import read_system

ROWS = 200


@pytest.fixture
def scaffold(home, tmp_path):
    """`scaffold(text, ...)` proposes a declaration for a file with that text, writes it, and lands the file."""

    def scaffold(text, *, name="items.csv", encoding="utf-8", land=True, **options):
        file = tmp_path / "till" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode(encoding))
        plan = plan_source(home, NewSource("shop", [file]), ProposalOptions(**options))
        (plan.file).unlink(missing_ok=True)
        write_source(plan)
        try:
            return plan, land_source(home, plan) if land else None
        finally:
            plan.file.unlink()

    return scaffold


def columns(plan):
    return {column.header: column for column in plan.proposal.columns}


def lines(header, *fields, sep=";"):
    """A file in which each row has the fields, each a value or a function of the row's number."""
    rows = [sep.join(f(n) if callable(f) else f for f in fields) for n in range(ROWS)]
    return "\n".join([header, *rows]) + "\n"


def test_types_spellings_codes_and_classes_are_proposed_and_the_file_lands(scaffold):
    text = lines(
        "ItemId;BookedOn;Amount;Currency;SideCode;Rate;Iban;Batch;Closed",
        lambda n: str(n + 1),
        lambda n: f"{n % 28 + 1:02d}.{n % 12 + 1:02d}.2024",
        lambda n: f"{n + 1}.234,5{n % 10}",
        lambda n: "CZK" if n % 2 else "EUR",
        lambda n: "BUY" if n % 2 else "SELL",
        lambda n: "" if n % 7 == 0 else f"0,{n:03d}",
        "CZ6508000000192000145399",
        lambda n: f"{n:05d}",
        lambda n: "true" if n % 3 else "false",
    )

    plan, landing = scaffold(text)

    keys = {name: dict(column.keys) for name, column in columns(plan).items()}
    assert keys["ItemId"] == {"type": "long", "required": True}
    assert keys["BookedOn"] == {"type": "date", "format": "%d.%m.%Y", "required": True}
    assert keys["Amount"] == {"type": "decimal(18,2)", "decimal": ",", "thousands": ".", "required": True}
    assert keys["Currency"] == {"type": "string", "required": True, "pattern": "[A-Z]{3}"}
    assert keys["SideCode"]["codes"] == {"BUY": "BUY", "SELL": "SELL"}
    assert keys["Rate"] == {"type": "decimal(18,3)", "decimal": ","}
    assert keys["Batch"] == {"type": "string", "required": True}
    assert keys["Closed"]["type"] == "boolean"
    assert "# review: restricted, because values look like IBANs (check digits agree)" in plan.text
    assert (landing.rows, landing.rejects) == (ROWS, 0)
    row = pl.read_parquet(landing.rows_paths[0]).row(1, named=True)
    assert (row["item_id"], row["booked_on"], row["amount"]) == (2, dt.date(2024, 2, 2), Decimal("2234.51"))


def test_a_date_that_no_row_decides_is_a_question_and_an_answer_settles_it(scaffold):
    text = lines("id;day", str, lambda n: f"{n % 12 + 1:02d}/{(n + 3) % 12 + 1:02d}/2024")

    undecided, landing = scaffold(text)
    assert columns(undecided)["day"].keys["type"] == "string"
    assert "is the day or the month first?" in undecided.text
    assert landing.rejects == 0

    for day_first, form in ((True, "%d/%m/%Y"), (False, "%m/%d/%Y")):
        answered, landing = scaffold(text, day_first=day_first)
        assert columns(answered)["day"].keys["format"] == form
        assert landing.rejects == 0


def test_one_row_decides_a_date(scaffold):
    text = lines("id;day", str, lambda n: "31/01/2024" if n == ROWS - 1 else f"0{n % 9 + 1}/02/2024")
    plan, landing = scaffold(text)
    assert columns(plan)["day"].keys["format"] == "%d/%m/%Y"
    assert (columns(plan)["day"].questions, landing.rejects) == ((), 0)


@pytest.mark.parametrize(("value", "kind"), [("1,234", "string"), ("0,234", "decimal(18,3)"), ("1,234,567", "long")])
def test_a_separator_that_no_row_decides_is_a_question(scaffold, value, kind):
    plan, landing = scaffold(lines("id;amount", str, value))
    column = columns(plan)["amount"]
    assert column.keys["type"] == kind
    assert bool(column.questions) == (kind == "string")
    assert landing.rejects == 0


def test_years_of_two_digits_are_a_question(scaffold):
    plan, _ = scaffold(lines("id;date", str, "930512"))
    assert "which century" in columns(plan)["date"].questions[0]


def test_few_values_that_are_written_otherwise_become_rejects_with_reasons(scaffold):
    plan, landing = scaffold(lines("id;amount", str, lambda n: "unreadable" if n == 150 else f"{n}.5"))
    assert columns(plan)["amount"].keys["type"] == "decimal(18,1)"
    assert "1 of 200 values are written otherwise" in plan.text
    assert (landing.rows, landing.rejects) == (ROWS - 1, 1)
    assert "unreadable" not in plan.text


def test_values_above_internal_never_reach_the_declaration(scaffold):
    secrets = ["Zora Tajna", "QQSECRET", "zora@tajna.cz"]
    text = lines("id;customer_name;remark;status;xyz", str, secrets[0], secrets[1], secrets[2], "QQSECRET")
    plan, landing = scaffold(text)
    assert landing.rejects == 0
    assert [secret for secret in secrets if secret in plan.text] == []
    assert columns(plan)["status"].classification.classification.label == "restricted"


def test_codes_of_few_rows_are_not_listed(scaffold):
    plan, _ = scaffold(lines("id;status", str, lambda n: "RARE" if n < 4 else "OFTEN"))
    assert "codes" not in columns(plan)["status"].keys
    assert "RARE" not in plan.text


def test_a_first_line_that_may_be_a_row_is_not_shown(scaffold):
    text = "Tajny;Brno\nNovak;Praha\nDvorak;Plzen\n"
    with pytest.raises(CannotPropose, match="first line is a header") as refused:
        scaffold(text)
    assert "Tajny" not in str(refused.value)

    without, landing = scaffold(text, header=False)
    assert (landing.rows, list(columns(without))) == (3, ["column_1", "column_2"])
    assert "Tajny" not in without.text


def test_a_file_without_header_shows_it_by_its_numbers(scaffold):
    plan, landing = scaffold("".join(f"{n}|{n}.50\n" for n in range(150)))
    assert (plan.proposal.format["header"], landing.rows, landing.rejects) == (False, 150, 0)


@pytest.mark.parametrize(
    ("encoding", "proposed", "asks"),
    [
        ("ascii", "ascii", False),
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8-sig", False),
        ("cp1250", "cp1252", True),
    ],
)
def test_encodings_show_in_the_bytes_and_code_pages_are_a_question(scaffold, encoding, proposed, asks):
    city = "Brno" if encoding == "ascii" else "Plzeň"
    plan, _ = scaffold(lines("id;city", str, city), encoding=encoding, land=False)
    assert plan.proposal.format["encoding"] == proposed
    assert bool(plan.proposal.questions) == asks


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1250", ("Šťastný", "Dvořák")), ("cp1250", ("Dvořák", "Říha")), ("iso8859-2", ("Šťastný", "Dvořák")),
        ("cp1252", ("Müller", "Groß")), ("cp1252", ("Lefèvre", "Garçon")), ("cp1250", ("Łukasiewicz", "Żak")),
    ],
)  # fmt: skip
def test_the_code_page_is_the_one_in_which_all_bytes_are_letters_of_one_language(scaffold, encoding, names):
    plan, landing = scaffold(lines("id;town", str, lambda n: names[n % 2]), encoding=encoding)
    assert plan.proposal.format["encoding"] == encoding
    assert set(pl.read_parquet(landing.rows_paths[0])["town"]) == set(names)
    [question] = [each for each in plan.proposal.questions if "code page" in each]
    assert "--encoding" in question


def test_bytes_that_no_code_page_has_name_the_option_and_what_was_tried(scaffold):
    with pytest.raises(CannotPropose, match=r"cp1252, cp1250, latin-1, iso8859-2\. .*--encoding"):
        scaffold(lines("id;town", str, "\x81\x83"), encoding="latin-1")


def test_quoted_values_may_hold_line_ends(scaffold):
    plan, landing = scaffold("id,note\n" + "".join(f'{n},"one\ntwo {n}"\n' for n in range(50)))
    assert plan.proposal.format["multiline"] is True
    assert (landing.rows, landing.rejects) == (50, 0)


def test_missing_markers_of_numbers_are_declared(scaffold):
    plan, landing = scaffold(lines("id;limit", str, lambda n: "N/A" if n % 4 == 0 else str(n)))
    assert dict(columns(plan)["limit"].keys) == {"type": "long", "missing": ["N/A"]}
    assert landing.rejects == 0


CELLS = st.one_of(
    st.integers(-(10**15), 10**15).map(str),
    st.decimals(-1000, 1000, places=2).map(str),
    st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)).map(str),
    st.sampled_from(["", "NULL", "-", "?", "true", "A", "007", "1,234", "1.234,50", "20240101", "12/11/2024", "é"]),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8),
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30))
@example([("0", "0", "0"), ("1000000000000000", "0", "0"), ("1,234", "0", "0")])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_proposed_from_all_rows_reads_all_rows(scaffold, rows):
    quoted = [";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    plan, landing = scaffold("\n".join(["a;b;c", *quoted]) + "\n", delimiter=";", header=True, encoding="utf-8")
    assert plan.proposal.rows == len(rows) == landing.rows + landing.rejects
    dated = [c for c in plan.proposal.columns if c.keys["type"] in ("date", "timestamp")]
    assert landing.rejects == 0 or dated  # the pattern of a date does not know that February has no 30th


def test_the_command_writes_lands_and_names_the_next_step(home, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "branch"
    folder.mkdir()
    for day in ("20240501", "20240502"):
        (folder / f"slips_{day}.csv").write_text(lines("id;amount", str, "1.50"), encoding="utf-8")
    monkeypatch.chdir(home.root)
    mesh = Command(capsys, monkeypatch)

    said = mesh("new", "source", *sorted(folder.iterdir()))

    assert (said.code, said.err) == (0, "")
    assert "branch.slips: rows 400, rejects 0" in said.out
    assert f"BANK_DATA={tmp_path} mesh run branch.slips" in said.out.replace("\n", "")
    written = Path(home.root, "domains/shop/src/shop/sources/branch.yaml")
    declared = written.read_text(encoding="utf-8")
    assert 'files: ["slips_20??????.csv"]' in declared
    assert "file_as: source_file" in declared
    key = "key: id and source_file are together unique in the 400 rows landed last."
    assert key in said.out.replace("\n", " ")
    assert f"# note: {key}" in declared
    again = mesh("new", "source", *sorted(folder.iterdir()))
    assert (again.code, "already exists, with the object slips" in again.err.replace("\n", " ")) == (2, True)


OPEN_DAYS = lines("id;opened_on", str, "2024-05-31")


def add(home, exports, name, text=OPEN_DAYS, *, folder="desk", **more):
    file = exports / folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    plan = plan_source(home, NewSource("shop", [file], **more), ProposalOptions())
    write_source(plan)
    return plan, land_source(home, plan)


def test_another_object_is_added_to_the_declaration_of_its_system(home, tmp_path):
    first, _ = add(home, tmp_path, "boxes.csv")
    before = first.file.read_text(encoding="utf-8")
    try:
        second, landing = add(home, tmp_path, "keys.csv", lines("key|amount", str, "1.50", sep="|"))
        note_key(home, second)
        written = second.file.read_text(encoding="utf-8")
        assert written.startswith(before)
        assert [each.name for each in read_system(second.file).objects] == ["boxes", "keys"]
        assert (landing.rows, landing.rejects) == (ROWS, 0)
        with pytest.raises(CannotScaffold, match="with the object keys"):
            add(home, tmp_path, "keys.csv")
        assert second.file.read_text(encoding="utf-8") == written
    finally:
        first.file.unlink()


@pytest.mark.parametrize("last", ["ignore: [x.csv]\n", "# the end\nignore: [x.csv]\n"])
def test_an_object_is_not_added_where_objects_are_not_the_last_key(home, tmp_path, last):
    first, _ = add(home, tmp_path, "boxes.csv")
    try:
        text = first.file.read_text(encoding="utf-8") + last
        first.file.write_text(text, encoding="utf-8")
        with pytest.raises(CannotScaffold, match="Nothing written"):
            add(home, tmp_path, "keys.csv")
        assert first.file.read_text(encoding="utf-8") == text
        with pytest.raises(CannotScaffold, match="for another folder"):
            add(home, tmp_path, "keys.csv", folder="other", system="desk")
    finally:
        first.file.unlink()


def test_a_key_of_several_columns_avoids_those_above_internal(home, scaffold):
    text = lines(
        "label;worth;branch;as_of",
        lambda n: f"N{n % 20}", lambda n: str(n // 20), lambda n: f"B{n % 20}", lambda n: f"2024-05-{n // 20 + 1:02d}",
    )  # fmt: skip
    plan, _ = scaffold(text, name="branches.csv", land=False)
    write_source(plan)
    try:
        land_source(home, plan)
        assert note_key(home, plan).columns == ("branch", "as_of")
    finally:
        plan.file.unlink()
