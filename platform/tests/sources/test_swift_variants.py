"""SWIFT statements as banks write them: lines above messages, dashes in texts, several :86:, numbers of three parts."""

import datetime as dt

import pytest
from message_samples import columns_of
from swift_samples import STATEMENT, declared, landed, page, rejects_of, rows_of

from bankmesh.errors import LegacyFileError

BLOCKS = "{1:F01BANKDEFFAXXX0000000000}", "{2:I940BANKDEFFXXXXN}", "{4:"
COLUMNS = {
    "statement": columns_of(
        statement_number="long", sequence_number="long", subsequence_number="long", report_time="timestamp",
        information="string", closing_balance="decimal", available_balance="decimal",
    ),
    "entry": columns_of(
        signed_amount="decimal", information="string", transaction_code="string", remittance_information="string",
        counterparty_name="string", supplementary_details="string",
    ),
}  # fmt: skip


@pytest.fixture
def objects(tmp_path):
    return declared(tmp_path, records=("statement", "entry"), columns=COLUMNS)


@pytest.fixture
def land_variant(objects, tmp_path):
    def land(old, new, record="entry", content=STATEMENT):
        assert old in content
        landing = landed(objects[record], tmp_path, content.replace(old, new, 1))
        assert landing.balanced
        return rows_of(landing)

    return land


@pytest.mark.parametrize(
    "head",
    [
        "ABNANL2A\n940\nABNANL2A\n",
        "940\nABNANL2AXXX\n",
        "ABNANL2A\n940\n",
        "940\n",
        ":940:\n",
        "\nABNANL2A \n 940\nABNANL2A\n\n",
    ],
)
def test_a_message_may_have_its_type_and_banks_above_it(objects, tmp_path, head):
    second = STATEMENT.replace(":28C:1/1", ":28C:2/1")
    assert len(rows_of(landed(objects["statement"], tmp_path, head + STATEMENT + head + second))) == 2


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("ABNANL2A\n", "line 2: the lines above the message are incomplete"),
        ("ABNANL2A\n942\nABNANL2A\n", "line 2: the message is none of type MT940"),
        ("ABNANL2\n940\n", "line 1: the text belongs to no field"),
        ("ABNANL2A\nABNANL2A\n940\n", "line 2: the text belongs to no field"),
        ("940\n940\n", "line 2: the text belongs to no field"),
        ("94\n", "line 1: the text belongs to no field"),
        (f"{BLOCKS[0]}\n", "line 2: the lines above the message are incomplete"),
        (f"{BLOCKS[1]}\n{BLOCKS[2]}\n", "line 1: the blocks of a message are not well formed"),
    ],
)
def test_other_lines_above_a_message_refuse_the_file(objects, tmp_path, head, problem):
    with pytest.raises(LegacyFileError, match=problem):
        landed(objects["entry"], tmp_path, head + STATEMENT)


def test_a_head_without_its_message_refuses_the_file(objects, tmp_path):
    for head in ("ABNANL2A\n940\nABNANL2A\n", "940\n", f"{BLOCKS[0]}\n{BLOCKS[1]}\n"):
        with pytest.raises(LegacyFileError, match="the file ends within a message"):
            landed(objects["entry"], tmp_path, STATEMENT + head)


@pytest.mark.parametrize("between", ["", "\n"])
def test_blocks_may_be_on_lines_of_their_own(objects, tmp_path, between):
    content = "ABNANL2A\n940\n" + between.join(BLOCKS) + "\n" + STATEMENT.removesuffix("-\n") + "-}{5:{CHK:1}}\n"
    assert len(rows_of(landed(objects["entry"], tmp_path, content))) == 2


@pytest.mark.parametrize("line", ["-more", "--", "- x", "{more", "{4", "x{1:", "-1,50 EUR"])
def test_a_line_of_text_may_begin_with_a_dash_or_a_brace(land_variant, line):
    assert land_variant("End of day\n", f"End of day\n{line}\n", "statement")[0]["information"] == f"End of day\n{line}"
    second = land_variant("NONREF\n", f"NONREF\n:86:Text\n{line}\n")[1]
    assert second["information"] == f"Text\n{line}"


def test_a_damaged_end_of_a_message_still_refuses_the_file(objects, tmp_path):
    for end in ("-x\n", "--\n"):
        with pytest.raises(LegacyFileError, match="the one before has not ended"):
            landed(objects["entry"], tmp_path, STATEMENT.replace("\n-\n", f"\n{end}") + STATEMENT)
        with pytest.raises(LegacyFileError, match="the file ends within a message"):
            landed(objects["entry"], tmp_path, STATEMENT.replace("\n-\n", f"\n{end}"))


def test_several_86_of_an_entry_are_one_text(land_variant):
    first = land_variant("?34992\n", "?34992\n:86:more\n:86:last\n")[0]
    assert first["information"].endswith("?34992\nmore\nlast")
    plain = land_variant("NONREF\n", "NONREF\n:86:one\ntwo\n:86:three\n")[1]
    assert (plain["information"], plain["transaction_code"]) == ("one\ntwo\nthree", None)


def test_the_subfields_of_several_86_are_joined(land_variant):
    old = "?30TESTDEFFXXX"
    for new in ("\n:86:166?22 and 18?30TESTDEFFXXX", "\n:86:?22 and 18?30TESTDEFFXXX", "\n:86: and 18?30TESTDEFFXXX"):
        first = land_variant(old, new)[0]
        assert (first["transaction_code"], first["remittance_information"]) == ("166", "Invoice 17 and 18")
        assert first["counterparty_name"] == "Muster GmbH und Co"


def test_several_codes_of_one_entry_are_a_reject(objects, tmp_path):
    content = STATEMENT.replace("?34992\n", "?34992\n:86:177?20x\n")
    assert rejects_of(landed(objects["entry"], tmp_path, content)) == [(5, ":86: has several transaction codes")]
    with pytest.raises(LegacyFileError, match="line 17: an entry has more than 10 :86:"):
        landed(objects["entry"], tmp_path, STATEMENT.replace("?34992\n", "?34992\n" + ":86:x\n" * 10))


def test_the_text_of_a_statement_may_be_before_its_available_balances(land_variant):
    moved = STATEMENT.replace(":86:End of day\n", "")
    [row] = land_variant("849,45\n", "849,45\n:86:End of day\n", "statement", moved)
    assert (row["information"], str(row["available_balance"])) == ("End of day", "800.00")


@pytest.mark.parametrize(
    ("old", "new"),
    [("849,45\n", "849,45\n:86:twice\n"), (":61:231229", ":86:early\n:61:231229"), ("End of day\n", "End\n:86:x\n")],
)
def test_other_86_refuse_the_file(objects, tmp_path, old, new):
    with pytest.raises(LegacyFileError, match=":86: is not in its place"):
        landed(objects["entry"], tmp_path, STATEMENT.replace(old, new, 1))


def test_a_statement_may_have_the_time_at_which_it_was_made(land_variant, objects, tmp_path):
    [row] = land_variant(":60F:", ":13D:2401021405+0100\n:60F:", "statement")
    assert row["report_time"] == dt.datetime(2024, 1, 2, 13, 5, tzinfo=dt.UTC)
    for old, new, problem in [
        (":60F:", ":13D:2401021405\n:60F:", "line 4: :13D: is no date, time and offset"),
        (":62F:", ":13D:2401021405+0100\n:62F:", "line 9: :13D: is not in its place"),
    ]:
        with pytest.raises(LegacyFileError, match=problem):
            landed(objects["entry"], tmp_path, STATEMENT.replace(old, new))


def test_numbers_of_three_parts(land_variant):
    [row] = land_variant(":28C:1/1", ":28C:24/1/1", "statement")
    assert (row["statement_number"], row["sequence_number"], row["subsequence_number"]) == (24, 1, 1)


@pytest.mark.parametrize(
    ("first", "second", "follows"),
    [
        ("7/1/1", "7/1/2", True), ("7/3/1", "7/3/2", True), ("7/1/1", "7/2/1", True), ("7/1/1", "7/2/2", True),
        ("7/1/1", "7/1/3", False), ("7/1/1", "7/1/1", False), ("7/1/1", "7/3/1", False), ("7/2/2", "7/3/3", False),
    ],
)  # fmt: skip
def test_pages_of_numbers_of_three_parts(objects, tmp_path, first, second, follows):
    content = page(1, "F:C240101EUR0,", "C7,5", "M:C240102EUR7,50").replace("7/1", first)
    content += page(2, "M:C240102EUR7,5", "D7,5", "F:C240102EUR0,").replace("7/2", second)
    if follows:
        assert len(rows_of(landed(objects["entry"], tmp_path, content))) == 2
    else:
        with pytest.raises(LegacyFileError, match="page"):
            landed(objects["entry"], tmp_path, content)


def empty(number, reference="R"):
    return f":20:{reference}\n:25:ACC\n:28C:{number}\n:60F:C240101EUR5,\n:62F:C240102EUR5,\n-\n"


def test_a_numbered_page_without_entries_that_is_there_twice_refuses_the_file(objects, tmp_path):
    for number in ("7", "7/1", "1/1", "7/1/1"):
        with pytest.raises(LegacyFileError, match="the same page of the statement twice"):
            landed(objects["statement"], tmp_path, empty(number) + empty(number, "S"))
    for numbers in (("7", "8"), ("0", "0"), ("00000", "00000"), ("0/1", "0/1")):
        assert landed(objects["statement"], tmp_path, "".join(map(empty, numbers))).rows == 2


def test_pages_in_several_files_land_if_the_declaration_accepts_them(tmp_path):
    first = page(1, "F:C240101EUR0,", "C7,5", "M:C240102EUR7,50")
    last = page(3, "M:C240103EUR9,", "D9,", "F:C240104EUR0,")
    obj = declared(tmp_path, "{kind: mt940, split_statements: accept}", ("entry",), COLUMNS)["entry"]
    landing = landed(obj, tmp_path, first)
    assert (landing.rows, landing.other_records) == (1, {"statement": 1, "pages that go on in another file": 1})
    landing = landed(obj, tmp_path, last + empty("8"))
    assert (landing.rows, landing.other_records) == (1, {"statement": 2, "pages that go on in another file": 1})
    for content, problem in [
        (first + last, "not the page that follows"),
        (last.replace("D9", "D8"), "closing balance is not"),
    ]:
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, content)
