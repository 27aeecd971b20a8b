"""Whatever is done to the files of the audit log behind an anchor is found, by generated changes of real logs."""

from __future__ import annotations

import io
import shutil
import sqlite3
from dataclasses import dataclass

import pytest
from audit_samples import SUBJECTS, decision, published
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_record import RecordKind, encode_record, line_digest, parse_record
from bankmesh.access.audit.chain_anchors import ChainAnchor, ChainAnchors, ChainRegistration
from bankmesh.access.audit.chain_file import chain_file, chain_files
from bankmesh.access.audit.chain_verification import ChainState, Tampering, verify_chain
from bankmesh.access.audit.log_verification import verify_log
from bankmesh.settings import access_database

READS = 12
NO_RECORD = b'{"sequence":1,"previous":"","kind":["begin"],"at":""}\n'
EXAMPLES = settings(max_examples=150)


@dataclass(frozen=True)
class Sealed:
    """A chain as its process left it: the lines of its file, its registration and its anchors."""

    chain: str
    lines: tuple[bytes, ...]
    registration: ChainRegistration
    anchors: tuple[ChainAnchor, ...]

    def faults_of(self, content: bytes) -> set[Tampering]:
        """What verification finds once the file has another content."""
        lines = io.BytesIO(content)
        report = verify_chain(self.chain, lines, self.registration, self.anchors, is_running=False)
        return {fault.kind for fault in report.faults}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A home with two chains of a dozen reads each, closed and anchored."""
    home = tmp_path_factory.mktemp("audited")
    opened = published(home)
    for _ in range(2):
        for number in range(READS):
            recorder = AuditLog(home).recorder_for(decision(), opened, subjects=SUBJECTS)
            recorder.begin(["id", "name"], "sql", f"select * from product where id = {number}").end(number, False)
        close_chains()
    report = verify_log(home)
    assert report.is_intact
    assert [chain.records for chain in report.chains] == [2 * READS + 2] * 2
    return home


@pytest.fixture(scope="module")
def sealed(log):
    with ChainAnchors(access_database(log)) as anchors:
        found = [
            Sealed(
                entry.chain,
                tuple(lines_of(chain_file(log, entry.chain))),
                entry,
                tuple(anchors.anchors_of(log, entry.chain)),
            )
            for entry in anchors.registrations(log)
        ]
    assert [chain.faults_of(b"".join(chain.lines)) for chain in found] == [set(), set()]
    return found


@pytest.fixture
def copied(log, tmp_path):
    """A copy of the home for one test."""
    return shutil.copytree(log, tmp_path / "home")


def lines_of(file):
    return file.read_bytes().splitlines(keepends=True)


def faults_of(home):
    return {fault.kind for chain in verify_log(home).chains for fault in chain.faults}


@EXAMPLES
@given(st.data())
def test_a_changed_byte_is_found(sealed, data):
    chain = data.draw(st.sampled_from(sealed))
    content = bytearray(b"".join(chain.lines))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert chain.faults_of(bytes(content))


@EXAMPLES
@given(st.data())
def test_removed_records_are_found(sealed, data):
    chain = data.draw(st.sampled_from(sealed))
    start = data.draw(st.integers(0, len(chain.lines) - 1))
    end = data.draw(st.integers(start + 1, len(chain.lines)))
    assert chain.faults_of(b"".join(chain.lines[:start] + chain.lines[end:]))


@EXAMPLES
@given(st.data())
def test_records_in_another_order_are_found(sealed, data):
    chain = data.draw(st.sampled_from(sealed))
    first, second = data.draw(st.lists(st.integers(0, len(chain.lines) - 1), min_size=2, max_size=2, unique=True))
    lines = list(chain.lines)
    lines.insert(first, lines.pop(second))
    assert Tampering.CHANGED in chain.faults_of(b"".join(lines))


@EXAMPLES
@given(st.data())
def test_inserted_records_are_found(sealed, data):
    chain, other = data.draw(st.permutations(sealed))
    inserted = data.draw(st.sampled_from([*chain.lines, *other.lines, b"{}\n", b"\n", NO_RECORD]))
    place = data.draw(st.integers(0, len(chain.lines)))
    assert Tampering.CHANGED in chain.faults_of(b"".join([*chain.lines[:place], inserted, *chain.lines[place:]]))


@EXAMPLES
@given(st.data())
def test_a_tail_that_was_cut_off_is_found(sealed, data):
    chain = data.draw(st.sampled_from(sealed))
    content = b"".join(chain.lines)
    assert Tampering.TRUNCATED in chain.faults_of(content[: data.draw(st.integers(0, len(content) - 1))])


def test_a_chain_that_another_one_was_copied_over_is_found(copied):
    first, second = chain_files(copied)
    content = second.read_bytes()
    second.write_bytes(first.read_bytes())
    assert {Tampering.FOREIGN, Tampering.CHANGED} <= faults_of(copied)
    first.write_bytes(content)
    assert Tampering.FOREIGN in faults_of(copied)


def test_a_removed_chain_is_found(copied):
    chain_files(copied)[0].unlink()
    (fault,) = verify_log(copied).chains[-1].faults
    assert fault.kind is Tampering.MISSING
    shutil.rmtree(copied / "audit")
    assert [chain.faults[0].kind for chain in verify_log(copied).chains] == [Tampering.MISSING] * 2


def test_a_chain_under_another_name_is_not_registered(copied):
    file = chain_files(copied)[0]
    shutil.copy(file, file.with_name(f"{file.stem}0.jsonl"))
    assert faults_of(copied) == {Tampering.UNREGISTERED, Tampering.FOREIGN}


@pytest.mark.parametrize("start", [0, 1, 2 * READS])
def test_records_that_hold_together_but_were_not_anchored_so_are_found(sealed, start):
    """Who can compute digests, and has no key, rewrites a chain from some record on."""
    (chain, _), previous, rewritten = sealed, "0" * 64, []
    for number, line in enumerate(chain.lines):
        record = parse_record(line)
        changed = {"principal": "mallory"} if number >= start else {}
        fields = {name: value for name, value in record.items() if name not in {"sequence", "previous", "kind", "at"}}
        made = encode_record(number, previous, record["at"], RecordKind(record["kind"]), fields | changed)
        previous = line_digest(made)
        rewritten.append(made)
    assert rewritten[:start] == list(chain.lines[:start])
    assert chain.faults_of(b"".join(rewritten)) == {Tampering.CHANGED}


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("update bankmesh_access_anchor set sequence = sequence - 1", Tampering.FORGED),
        ("update bankmesh_access_anchor set digest = substr(digest, 2) || '0'", Tampering.FORGED),
        ("update bankmesh_access_anchor set signature = substr(signature, 3) || '00'", Tampering.FORGED),
        ("update bankmesh_access_anchor set key_id = '0123456789abcdef'", Tampering.FORGED),
        ("update bankmesh_access_chain set body = replace(body, 'host', 'hots')", Tampering.FORGED),
        ("update bankmesh_access_chain set body = 'no JSON'", Tampering.FORGED),
        ("update bankmesh_access_chain set body = '[]'", Tampering.FORGED),
        ("update bankmesh_access_chain set signature = substr(signature, 3) || '00'", Tampering.FORGED),
        ("delete from bankmesh_access_chain where number = 1", Tampering.FORGED),
        ("delete from bankmesh_access_chain", Tampering.UNREGISTERED),
    ],
)
def test_a_changed_database_is_found(copied, statement, kind):
    with sqlite3.connect(copied / "access.db") as connection:
        connection.execute(statement)
    connection.close()
    assert kind in faults_of(copied)


def test_a_removed_database_is_found(copied):
    (copied / "access.db").unlink()
    report = verify_log(copied)
    assert (report.is_intact, report.has_database) == (False, False)


def test_an_earlier_key_still_verifies_what_it_has_signed(copied):
    (copied / "access/keys/audit.pem").unlink()
    AuditLog(copied).recorder_for(decision(), published(copied)).begin(["id"], "scan").end(1, False)
    close_chains()
    report = verify_log(copied)
    assert report.is_intact
    assert [chain.state for chain in report.chains] == [ChainState.CLOSED] * 3
    for file in (copied / "access/keys").glob("audit.*.pub.pem"):
        file.unlink()
    assert not verify_log(copied).is_intact
