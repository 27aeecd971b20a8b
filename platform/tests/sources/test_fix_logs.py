"""FIX execution reports: lengths, checksums, repeated tags, data fields, sequences."""

import datetime as dt
from decimal import Decimal

import pytest
from fix_samples import FILL, message, reports
from message_samples import columns_of, landed, rejects_of, rows_of

from bankmesh.errors import LegacyFileError, SourceFaults


@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
@pytest.mark.parametrize(("more", "delimiter", "between", "before"), [
    ("", "\x01", "\n", ""), ("", "\x01", "", ""), (', delimiter: "|"', "|", "\r\n", ""),
    (', delimiter: "|", prefix: "[0-9:.]+ (IN|OUT) "', "|", "\n", "09:30:01.5 IN "),
])  # fmt: skip
def test_execution_reports_land_and_other_messages_are_counted(tmp_path, block_bytes, more, delimiter, between, before):
    sent = [
        message("", 1, "A", delimiter),
        message(FILL, 2, delimiter=delimiter),
        message("269=0|269=1|", 3, "W", delimiter),
    ]
    landing = landed(
        reports(tmp_path, more), tmp_path, "".join(before + text + between for text in sent), block_bytes=block_bytes
    )
    assert rows_of(landing) == [{
        "sender": "A", "sequence_number": 2, "sending_time": dt.datetime(2024, 1, 2, 9, 30, 1, tzinfo=dt.UTC),
        "execution_id": "E1", "symbol": "ACME", "side": "1", "last_quantity": Decimal(100), "last_price": Decimal("10.25"),
        "transaction_time": dt.datetime(2024, 1, 2, 9, 30, 0, 125000, tzinfo=dt.UTC), "trade_date": dt.date(2024, 1, 2),
        "information": "done", "raw_data": None, "line": 2 if between else 1,
    }]  # fmt: skip
    assert (landing.rows_in, landing.rejects, landing.balanced, landing.control_totals) == (1, 0, True, 6)
    assert landing.other_records == {"other messages": 2}


DAMAGED = [
    (message(number=2, checksum=7), "CheckSum (10) is not that of the message"),
    (message(number=2, length=90), "BodyLength (9) is not the length of the message"),
    (message(number=2).replace("31=10.25", "31=10.26"), "CheckSum (10) is not that of the message"),
    (message(number=2)[:-8], "the message does not end with CheckSum (10)"),
    (message(number=2).replace("\x0131=", "\x01x1="), "a field is not built of tag, equals sign and value"),
    (message(FILL + "31=9|", 2), "31 is repeated, and is in no declared group"),
    (message(FILL.replace("10.25", "1e3"), 2), "31 (last_price) is no number"),
    (message(FILL.replace("75=20240102", "75=20240199"), 2), "75 (trade_date) is no day of the calendar"),
    (message(FILL.replace("09:30:00.125", "24:30:00"), 2), "60 (transaction_time) is no time YYYYMMDD-HH:MM:SS"),
    (message(FILL + "95=3|96=ab|", 2), "data (96) has not the length that is stated"),
    (message(FILL + "95=3|58=x|", 2), "a length (95) is not followed by its data (96)"),
]


WITHIN_A_LINE = [(bad, reason, "") for bad, reason in DAMAGED if bad.endswith("\x01") and "does not end" not in reason]


@pytest.mark.parametrize(
    ("bad", "reason", "between"), [*((bad, reason, "\n") for bad, reason in DAMAGED), *WITHIN_A_LINE]
)
def test_a_damaged_report_is_a_reject_and_hides_no_other(tmp_path, bad, reason, between):
    content = between.join([message(number=1), bad, message(number=3), message("", 4, "0"), ""])
    landing = landed(reports(tmp_path), tmp_path, content)
    assert [row["sequence_number"] for row in rows_of(landing)] == [1, 3]
    assert rejects_of(landing) == [(2 if between else 1, reason)]
    assert (landing.rows_in, landing.balanced, landing.other_records.get("other messages")) == (3, True, 1)


@pytest.mark.parametrize("bad", [message("", 2, "0", checksum=1), "a line of another log", message("", 2, "0")[:20]])
def test_what_may_have_been_a_report_is_a_reject(tmp_path, bad):
    landing = landed(reports(tmp_path), tmp_path, "\n".join([bad, message(number=3), ""]))
    assert (landing.rows, landing.rejects, landing.rows_in, landing.balanced) == (1, 1, 2, True)


@pytest.mark.parametrize(("between", "rejects"), [("\n\n", []), ("\nINFO of a log\n", [2])])
@pytest.mark.parametrize(("more", "before"), [("", ""), (', prefix: "[0-9]{4} "', "2024 ")])
def test_lines_between_whole_messages_leave_them_whole(tmp_path, between, rejects, more, before):
    content = before + message(number=1) + between + before + message(number=2) + "\n\n"
    landing = landed(reports(tmp_path, more), tmp_path, content)
    assert [row["sequence_number"] for row in rows_of(landing)] == [1, 2]
    assert [(line, why) for line, why in rejects_of(landing)] == [(line, "no message begins here") for line in rejects]
    assert (landing.balanced, landing.rows_in) == (True, 2 + len(rejects))


def test_with_a_prefix_no_line_continues_another(tmp_path):
    cut = "2024 " + message(number=1)[:-8]
    content = f"{cut}\nINFO of a log\n2024 {message(number=2)}\n"
    landing = landed(reports(tmp_path, ', prefix: "[0-9]{4} "'), tmp_path, content)
    assert rejects_of(landing) == [
        (1, "the message does not end with CheckSum (10)"),
        (2, "no message begins here"),
    ]


def test_times_finer_than_microseconds_land_only_as_text(tmp_path):
    fine, zeros = (
        message(FILL.replace("00.125", f"00.{given}"), at) for at, given in ((1, "123456009"), (2, "123456000"))
    )
    landing = landed(reports(tmp_path), tmp_path, f"{fine}\n{zeros}\n")
    assert [row["transaction_time"].microsecond for row in rows_of(landing)] == [123456]
    assert rejects_of(landing) == [(1, 'transaction_time: cannot be read as timestamp written "iso8601"')]
    texts = landed(reports(tmp_path, columns=columns_of(transaction_time="string")), tmp_path)
    assert [row["transaction_time"] for row in rows_of(texts)] == [
        "2024-01-02T09:30:00.123456009Z", "2024-01-02T09:30:00.123456Z",
    ]  # fmt: skip


def test_data_may_hold_delimiters_and_line_ends(tmp_path):
    content = message(FILL + "95=7|96=a|b=c\nd|", 1) + "\n" + message(number=2) + "\n"
    landing = landed(reports(tmp_path), tmp_path, content)
    assert [row["raw_data"] for row in rows_of(landing)] == ["a\x01b=c\nd", None]
    assert [row["line"] for row in rows_of(landing)] == [1, 3]


def test_declared_groups_may_repeat_as_often_as_their_count_says(tmp_path):
    obj = reports(tmp_path, ', groups: {"453": ["448", "447", "452"]}')
    content = [message(FILL + f"453={count}|448=X|447=D|448=Y|452=1|", number) for number, count in ((1, 2), (2, 3))]
    landing = landed(obj, tmp_path, "\n".join([*content, message(FILL + "448=X|", 3)]))
    assert landing.rows == 1
    assert rejects_of(landing) == [
        (2, "the count of a group (453) is not the number of its members"),
        (3, "448 is not behind the count of its group (453)"),
    ]


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        ([message(number=5), message(number=7)], 1),
        ([message(number=1), message(number=4), message(number=2, more="43=Y|"), message(number=3, more="43=Y|")], 0),
        ([message(number=1), message(number=4), message("36=4|123=Y|", 2, "4"), message(number=5)], 0),
        ([message(number=1), message(number=2, target="C"), message(number=2), message(number=4, target="C")], 1),
        ([message(number=8), message("", 1, "A"), message(number=2)], 0),
        ([message(number=8), message("36=20|", 9, "4"), message(number=20)], 0),
        ([message(number=8), message("36=20|123=Y|", 9, "4"), message(number=22)], 2),
    ],
)
def test_gaps_of_sequence_numbers_refuse_the_file_unless_they_are_accepted(tmp_path, sent, missing):
    content = "\n".join([*sent, ""])
    accepted = landed(reports(tmp_path, ", sequence_gaps: accept"), tmp_path, content)
    assert accepted.other_records.get("missing sequence numbers", 0) == missing
    assert accepted.rejects == 0
    if missing:
        with pytest.raises(
            LegacyFileError, match=f"line {len(sent)}: sequence numbers .* missing up to here: {missing}"
        ):
            landed(reports(tmp_path), tmp_path)
    else:
        assert landed(reports(tmp_path), tmp_path).rows == accepted.rows


def test_a_repeated_message_is_a_reject(tmp_path):
    sent = [message(number=1), message(number=2), message(number=2, more="43=Y|"), message(number=1)]
    landing = landed(reports(tmp_path), tmp_path, "\n".join(sent))
    assert landing.rows == 2
    assert [reason for _, reason in rejects_of(landing)] == ["MsgSeqNum (34) is that of an earlier message"] * 2


def test_a_file_that_ends_within_a_message_is_refused(tmp_path):
    whole = message(number=1) + "\n" + message(number=2)
    assert landed(reports(tmp_path), tmp_path, whole).rows == 2
    assert landed(reports(tmp_path), tmp_path, whole[:-1]).rows == 2  # the last delimiter may be missing
    for cut in (2, 5, 40):
        with pytest.raises(LegacyFileError, match="line 2: the file ends within a message"):
            landed(reports(tmp_path), tmp_path, whole[:-cut])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (", delimiter: ab", "delimiter must be one ASCII character"),
        (', delimiter: "="', "delimiter must be one ASCII character"),
        (', prefix: "("', "prefix of format"),
        (", groups: [453]", "groups of format must"),
        (", groups: {a: [b]}", "groups of format must"),
        (', groups: {"453": ["448", "448"]}', "groups of format must"),
        (", sequence_gaps: ignore", "allowed: refuse, accept"),
    ],
)
def test_faults_of_the_format(tmp_path, more, message):
    with pytest.raises(SourceFaults) as caught:
        reports(tmp_path, more)
    assert any(message in fault.message for fault in caught.value.faults)
