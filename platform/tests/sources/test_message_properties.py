"""Bank messages by writers of our own: what is written is read, and one damage never lands other amounts."""

import random
from typing import NamedTuple

import pytest
from fix_samples import message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_samples import nacha_addenda, nacha_batch, nacha_entry, nacha_file
from message_samples import columns_of, declared

from bankmesh.errors import LegacyFileError
from bankmesh.sources.record_readers import open_records

BOUNDED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CENTS = st.integers(1, 10**10 - 1)
TEXT = st.text("ABCDEFGHIJ 0123456789.", min_size=1, max_size=16).map(str.strip).filter(bool)


class Sent(NamedTuple):
    """An entry that is written: its amount in cents, negative for a debit, and a reference."""

    cents: int
    reference: str


SENT = st.lists(st.builds(Sent, CENTS.flatmap(lambda n: st.sampled_from([n, -n])), TEXT), min_size=1, max_size=12)


def money(cents, mark=","):
    return f"{cents // 100}{mark}{cents % 100:02}"


def write_mt940(entries):
    total = sum(entry.cents for entry in entries)
    lines = [":20:R", ":25:ACC", ":28C:1", ":60F:C240101EUR0,"]
    for entry in entries:
        lines += [f":61:2401020102{'C' if entry.cents > 0 else 'D'}{money(abs(entry.cents))}NTRF{entry.reference}"]
    lines += [f":62F:{'C' if total >= 0 else 'D'}240102EUR{money(abs(total))}", "-"]
    return "".join(f"{line}\n" for line in lines)


def write_nacha(entries):
    records = []
    for at, entry in enumerate(entries, 1):
        code, trace = "22" if entry.cents > 0 else "27", f"09100001{at:07}"
        records.append(
            nacha_entry(code, amount=abs(entry.cents), name=entry.reference, trace=trace, addenda=str(at % 2))
        )
        records += [nacha_addenda(entry=f"{at:07}")] * (at % 2)
    return nacha_file(nacha_batch(*records))


def write_bai2(entries):
    lines = ["01,A,B,240102,0630,1,,,2/", "02,B,A,1,240101,,,2/", "03,ACC,EUR,,,,/"]
    lines += [f"16,{195 if e.cents > 0 else 495},{abs(e.cents)},,{e.reference},,TEXT" for e in entries]
    total = sum(abs(entry.cents) for entry in entries)
    lines += [
        f"49,{total},{len(entries) + 2}/",
        f"98,{total},1,{len(entries) + 4}/",
        f"99,{total},1,{len(entries) + 6}/",
    ]
    return "".join(f"{line}\n" for line in lines)


def write_fix(entries):
    bodies = [f"17={e.reference}|54={1 if e.cents > 0 else 2}|31={money(abs(e.cents), '.')}|" for e in entries]
    return "".join(message(body, at) + "\n" for at, body in enumerate(bodies, 1))


class Kind(NamedTuple):
    """A kind of files: its writer, the record of an entry, its columns of the amount, the reference, and the side."""

    name: str
    write: object
    record: str
    amount: str
    reference: str
    side: str = ""


KINDS = [
    Kind("mt940", write_mt940, "entry", "signed_amount", "owner_reference"),
    Kind("nacha", write_nacha, "entry", "signed_amount", "individual_name"),
    Kind("bai2", write_bai2, "transaction", "amount", "bank_reference", "mark"),
    Kind("fix", write_fix, "execution_report", "last_price", "execution_id", "side"),
]


def read(base, kind, content, block_bytes=1 << 20):
    """The rows as written entries, the rejects, and the records that were counted apart."""
    columns = columns_of(
        **{kind.amount: "decimal", kind.reference: "string"}, **({kind.side: "string"} if kind.side else {})
    )
    obj = declared(base, f"{{kind: {kind.name}}}", {kind.record: columns})[kind.record]
    (base / "day.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    reader = open_records(obj, base / "day.txt", block_bytes)
    parsed = [task() for task in reader.batches()]
    rows = [row for batch in parsed for row in batch.rows.iter_rows(named=True)]
    found = []
    for row in rows:
        amount = row[kind.amount] if not kind.side or row[kind.side] in {"1", "C"} else -row[kind.amount]
        found.append(Sent(int(amount * 100), row[kind.reference]))
    return found, sum(len(batch.rejects) for batch in parsed), reader.rows_in


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@BOUNDED
@given(entries=SENT, block_bytes=st.sampled_from([1, 100, 1 << 20]))
def test_what_is_written_is_read(tmp_path, kind, entries, block_bytes):
    assert read(tmp_path, kind, kind.write(entries), block_bytes) == (entries, 0, len(entries))


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with one damage: a character replaced, lost or inserted, or a line lost, repeated or cut."""
    lines = content.split(b"\n")
    at, line = chance.randrange(len(content)), chance.randrange(len(lines) - 1)
    character = bytes([chance.choice(b"0123456789ABCDRN,:/-\x01| ")])
    match chance.randrange(6):
        case 0:
            return content[:at] + character + content[at + 1 :]
        case 1:
            return content[:at] + content[at + 1 :]
        case 2:
            return content[:at] + character + content[at:]
        case 3:
            return b"\n".join(lines[:line] + lines[line + 1 :])
        case 4:
            return b"\n".join([*lines[:line], lines[line], *lines[line:]])
        case _:
            return content[:at]


def outcome(base, kind, content):
    """What lands of a damaged file: entries and number of rejects, or the refusal."""
    try:
        found, rejects, rows_in = read(base, kind, content)
    except LegacyFileError as error:
        return error
    assert len(found) + rejects == rows_in
    return found, rejects


def amounts(kind, entries):
    """The amounts that totals protect: BAI2's do not protect the type code, which decides the side."""
    return [abs(entry.cents) if kind.name == "bai2" else entry.cents for entry in entries]


def check_damages(base, kind, seed, times):
    """Damage a file in many ways; return how often it was refused, had rejects, and landed whole."""
    chance = random.Random(seed)  # noqa: S311 - damages, not secrets
    refused = rejected = whole = 0
    for _ in range(times):
        entries = [Sent(chance.choice([1, -1]) * chance.randrange(1, 10**7), f"R{at}") for at in range(8)]
        result = outcome(base, kind, damaged(kind.write(entries).encode(), chance))
        if isinstance(result, LegacyFileError):
            refused += 1
            assert not any(money(abs(entry.cents)) in str(result) for entry in entries)
            continue
        landed, written = amounts(kind, result[0]), amounts(kind, entries)
        if result[1]:
            rejected += 1
            for amount in landed:
                written.remove(amount)  # every amount that landed was written
        else:
            whole += 1
            # A log has neither header nor trailer: only messages at its ends may be lost unnoticed.
            lost = range(len(written) - len(landed) + 1) if kind.name == "fix" else (0,)
            assert any(landed == written[at : at + len(landed)] for at in lost)
            assert kind.name == "fix" or len(landed) == len(written)
    return refused, rejected, whole


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_one_damage_is_refused_or_rejected_or_changes_no_amount(tmp_path, kind):
    refused, rejected, whole = check_damages(tmp_path, kind, seed=12, times=200)
    assert refused + rejected > whole


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_many_damages(tmp_path, kind):
    refused, rejected, _ = check_damages(tmp_path, kind, seed=2024, times=25_000)
    assert refused
    assert rejected
