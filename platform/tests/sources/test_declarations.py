"""Reading of source declarations: what they mean, and that every fault is told at once with file and line."""

import textwrap

import pytest

from bankmesh.contracts.model import Classification, ColumnType
from bankmesh.errors import SourceFaults
from bankmesh.sources import read_system, read_systems

GOOD = """\
system: core
description: The core.
owner: team-core
folder: exports/core
format: {delimiter: ";", quote: '"', encoding: cp1250}
objects:
  account:
    description: Accounts.
    files: [account*.gz, account.txt]
    rejects_tolerated: 0.5%
    missing: [""]
    complete_through: {control_file: core.control.csv, otherwise: day_before_last, column: date}
    columns:
      Id: {type: long, as: id, read: prefixed_id, required: true, classification: internal, description: Key.}
      kind: {type: string, codes: {A: ALPHA, "1": ONE}, missing: [], classification: public, description: Kind.}
      date: {type: date, format: "%y%m%d", century: 1900, as: day, classification: restricted, description: Day.}
      amount: {type: "decimal(14, 2)", classification: confidential, description: Amount.}
"""


@pytest.fixture
def faults_of(tmp_path):
    def read(text: str, name: str = "core.yaml"):
        file = tmp_path / name
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        with pytest.raises(SourceFaults) as caught:
            read_system(file)
        return [(fault.line, fault.rule) for fault in caught.value.faults], str(caught.value)

    return read


def test_a_declaration_that_was_read_before_is_read_as_it_is_now(tmp_path):
    file = tmp_path / "core.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert read_system(file) == read_system(file)
    file.write_text(GOOD.replace("team-core", "team-edge"), encoding="utf-8")
    assert read_system(file).owner == "team-edge"
    file.write_text(GOOD.replace("type: long", "type: lnog"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SourceFaults) as caught:
            read_system(file)
        assert {fault.line for fault in caught.value.faults} == {14}
        assert len(caught.value.faults) == 2
    file.write_text(GOOD, encoding="utf-8")
    assert read_system(file).owner == "team-core"


def test_a_declaration_is_read_whole(tmp_path):
    file = tmp_path / "core.yaml"
    file.write_text(GOOD, encoding="utf-8")
    system = read_system(file)
    assert (system.name, system.owner, system.folder) == ("core", "team-core", "exports/core")
    account = system.object("account")
    assert account.files == ("account*.gz", "account.txt")
    assert (account.format.encoding, account.format.header, account.format.multiline) == ("cp1250", True, False)
    assert str(account.rejects_tolerated) == "0.5%"
    assert account.rejects_tolerated.allows(5, 1000)
    assert not account.rejects_tolerated.allows(6, 1000)
    assert account.complete_through.column == "day"
    assert account.headers == ("Id", "kind", "date", "amount")
    key, kind, day, amount = account.columns
    assert (key.name, key.read, key.required, key.missing) == ("id", "prefixed_id", True, ("",))
    assert (kind.codes, kind.missing) == ((("A", "ALPHA"), ("1", "ONE")), ())
    assert (day.formats, day.century, day.place.line) == (("%y%m%d",), 1900, 16)
    assert amount.type == ColumnType("decimal", 14, 2)
    assert account.classification is Classification.RESTRICTED


def test_the_digest_is_of_meaning_not_of_words(tmp_path):
    def digest(text: str) -> str:
        file = tmp_path / "core.yaml"
        file.write_text(text, encoding="utf-8")
        return read_system(file).objects[0].digest

    same = digest(GOOD)
    assert digest(GOOD.replace("description: Day.", "description: The day.")) == same
    assert digest("# a comment\n" + GOOD) == same
    assert digest(GOOD.replace("century: 1900", "century: 2000")) != same
    assert digest(GOOD.replace("A: ALPHA", "A: ALEPH")) != same


def test_a_folder_gives_all_systems_and_an_absent_one_none(tmp_path):
    assert read_systems(tmp_path / "nowhere") == ()
    (tmp_path / "core.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other.yaml").write_text(GOOD.replace("system: core", "system: other"), encoding="utf-8")
    assert [system.name for system in read_systems(tmp_path)] == ["core", "other"]


def test_faults_of_all_files_come_together(tmp_path):
    (tmp_path / "a.yaml").write_text("system: b\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("[", encoding="utf-8")
    with pytest.raises(SourceFaults, match="in 2 source declarations") as caught:
        read_systems(tmp_path)
    assert {fault.rule for fault in caught.value.faults} >= {"name-of-file", "missing-key", "not-yaml"}


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("owner: team-core\n", "", 1, "missing-key"),
        ("owner:", "ownr: x\nowner:", 3, "unknown-key"),
        ("owner: team-core", "owner: team-core\nowner: x", 4, "duplicate-key"),
        ("owner: team-core", "owner: [x]", 3, "wrong-type"),
        ("cp1250", "utf-7", 5, "unknown-word"),
        ('";"', '";ü"', 5, "one-character"),
        ("""quote: '"'""", 'quote: ";"', 5, "one-character"),
        ("""quote: '"'""", "quote: null, multiline: true", 5, "multiline"),
        ("encoding: cp1250", "header: maybe", 5, "wrong-type"),
        ("exports/core", "../core", 4, "path-outside"),
        ("account.txt]", "/account.txt]", 9, "path-outside"),
        ("files: [account*.gz, account.txt]", "files: []", 9, "missing-key"),
        ("  account:", "  Account:", 7, "bad-name"),
        ("0.5%", "0.5", 10, "bad-tolerance"),
        ("0.5%", "101%", 10, "bad-tolerance"),
        ("0.5%", "few", 10, "bad-tolerance"),
        ("day_before_last", "yesterday", 12, "unknown-word"),
        ("column: date}", "column: amount}", 12, "unknown-column"),
        (", column: date}", "}", 12, "missing-key"),
        ("type: long", "type: int", 14, "unknown-type"),
        ("decimal(14, 2)", "decimal(2,3)", 17, "unknown-type"),
        ("decimal(14, 2)", "decimal(39,3)", 17, "unknown-type"),
        ("as: id, ", "", 14, "bad-name"),
        ("as: id,", "as: amount,", 17, "duplicate-column"),
        ("read: prefixed_id", "read: C%d", 14, "unknown-word"),
        ("read: prefixed_id", "pattern: x", 14, "option-of-another-type"),
        ("classification: internal", "classification: secret", 14, "unknown-word"),
        ("classification: internal, ", "", 14, "missing-key"),
        (", description: Key.", "", 14, "missing-key"),
        ("required: true", "required: yes please", 14, "wrong-type"),
        ("codes: {A: ALPHA", "codes: {A: ALPHA, A: BETA", 15, "duplicate-key"),
        ("missing: []", 'pattern: "A"', 15, "pattern-and-codes"),
        ('codes: {A: ALPHA, "1": ONE}', 'pattern: "("', 15, "bad-pattern"),
        ('codes: {A: ALPHA, "1": ONE}', 'pattern: "(?=x)"', 15, "bad-pattern"),
        ("century: 1900, ", "", 16, "bad-format"),
        ("century: 1900", "century: 19", 16, "bad-century"),
        ("%y%m%d", "%y%m", 16, "bad-format"),
        ("%y%m%d", "%y%m%d%Y", 16, "bad-format"),
        ("%y%m%d", "%y%m%q", 16, "bad-format"),
        ('"%y%m%d"', '"%y%m%d %H"', 16, "bad-format"),
    ],
)
def test_each_fault_is_told_with_its_line(faults_of, old, new, line, rule):
    assert old in GOOD
    found, text = faults_of(GOOD.replace(old, new, 1))
    assert (line, rule) in found
    assert f"core.yaml:{line}: " in text


def test_a_near_miss_is_suggested(faults_of):
    _, text = faults_of(GOOD.replace("owner:", "ownr:"))
    assert "the declaration has no key ownr; did you mean owner?" in text


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "system: [\n", "a: b: c\n"])
def test_what_is_no_mapping_is_a_fault(faults_of, text):
    found, _ = faults_of(text)
    assert found


def test_text_that_is_not_utf8_is_a_fault(tmp_path):
    file = tmp_path / "core.yaml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SourceFaults, match="cannot be read as UTF-8"):
        read_system(file)


@pytest.mark.parametrize(
    ("century", "rule"),
    [
        ('format: "%y%m%d", century: 20', "bad-century"),
        ('format: "%y%m%d", century: 1950', "bad-century"),
        ("century: 1900", "missing-key"),
        ('format: "yymmdd", century: 1900', "bad-format"),
        ('format: "%y%m%d"', "bad-format"),
        ('format: "%Y%m%d", century: 2000', "bad-format"),
    ],
)
def test_a_fault_of_a_century_is_reported_once(faults_of, century, rule):
    assert faults_of(GOOD.replace('format: "%y%m%d", century: 1900', century))[0] == [(16, rule)]
