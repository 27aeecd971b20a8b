"""Parser of NACHA ACH files: the order of records, entries with their addenda, and the totals of batches and files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.ledgers import nacha_fields as fields_of
from bankmesh.sources.bank_messages.ledgers.nacha_records import BatchSums, RecordLayout, direction_of, has_check_digit
from bankmesh.sources.bank_messages.message_records import BadField, MessageRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bankmesh.sources.bank_messages.message_records import MessageFile

LENGTH, BLOCK = 94, 10
_FILL = "9" * LENGTH
_FILE, _BATCH = RecordLayout.of(fields_of.FILE_FIELDS), RecordLayout.of(fields_of.BATCH_FIELDS)
_FILE_CONTROL, _BATCH_CONTROL = RecordLayout.of(fields_of.FILE_CONTROL), RecordLayout.of(fields_of.BATCH_CONTROL)
_ENTRY = RecordLayout.of(field for field in fields_of.ENTRY_FIELDS if field.name not in {"mark", "signed_amount"})
_ADDENDA = RecordLayout.of(field for field in fields_of.ADDENDA_FIELDS if field.name != "addenda_sequence")
_MARKS_OF = {"200": "CD", "220": "C", "225": "D"}
_NOT_READ = ("IAT", "ADV")
_FORMAT, _IDENTITY = slice(34, 40), slice(3, 34)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EXPECTED_FORMAT = "094101"
_PAYMENT, _CHANGE_OR_RETURN, _TERMINAL = "05", ("98", "99"), "02"
_OF_TYPE = {
    "payment_information": (_PAYMENT,), "reason_code": _CHANGE_OR_RETURN, "original_trace_number": _CHANGE_OR_RETURN,
    "addenda_information": _CHANGE_OR_RETURN,
}  # fmt: skip


class NachaParser:
    """Parser of one file, which may hold several ACH files; a `MessageParser`."""

    def __init__(self, file: MessageFile) -> None:
        """Prepare to read a file."""
        self.control_totals = 0
        self._file = file
        self._header: dict[str, str] | None = None
        self._batch: dict[str, str] | None = None
        self._entry: MessageRecord | None = None
        self._entry_line = ""
        self._addenda = self._file_line = self._batch_line = self._lines = self._batches = self._line = 0
        self._begin: dict[str, Callable[[str], None]] = {
            "1": self._begin_file, "5": self._begin_batch, "6": self._begin_entry, "9": self._keep_control,
        }  # fmt: skip
        self._sums, self._file_sums = BatchSums(), BatchSums()
        self._control: tuple[int, dict[str, str]] | None = None
        self._raw: list[str] = []
        self._files: set[str] = set()

    def records(self, lines: Iterator[tuple[int, str]]) -> Iterator[MessageRecord]:
        """Yield files, batches, entries and addenda. Raises LegacyFileError."""
        for line, text in lines:
            if not text:
                continue
            self._line = line
            if len(text) != LENGTH or _CONTROL.search(text):
                raise self._refusal(f"the line has not {LENGTH} characters")
            yield from self._take(text)
        yield from self._end_file()
        if self._header is not None:
            raise self._refusal("the file ends without its control record (9)")

    def _take(self, text: str) -> Iterator[MessageRecord]:
        if text == _FILL:
            if self._control is None:
                raise self._refusal("a line of nines is not at the end of a file")
            self._lines += 1
            return
        if self._control is not None:
            yield from self._end_file()
        kind = text[0]
        self._check_place(kind)
        self._lines += 1
        if kind != "7":
            yield from self._end_entry()
        if kind == "7":
            yield self._read_addenda(text)
        elif kind == "8":
            yield self._end_batch(text)
        else:
            self._begin[kind](text)

    def _check_place(self, kind: str) -> None:
        if kind not in "156789":
            raise self._refusal("no record begins with this character")
        if (kind == "1") is (self._header is not None):
            raise self._refusal("a record is not in its place: a file begins with its header (1)")
        if kind in "678" and self._batch is None:
            raise self._refusal("a record is not in its place: it belongs to no batch")
        if kind in "159" and self._batch is not None:
            raise self._refusal("a batch has not ended with its control record (8)")

    def _begin_file(self, text: str) -> None:
        if text[_FORMAT] != _EXPECTED_FORMAT:
            raise self._refusal(f"record size, blocking factor and format code are not {_EXPECTED_FORMAT}")
        self._header, self._file_line, self._raw = self._read(_FILE, text), self._line, [text]
        if text[_IDENTITY] in self._files:
            raise self._refusal("the same file is there twice: destination, origin, day, time and modifier")
        self._files.add(text[_IDENTITY])

    def _begin_batch(self, text: str) -> None:
        batch = self._read(_BATCH, text)
        if batch["entry_class"] in _NOT_READ or batch["service_class"] not in _MARKS_OF:
            raise self._refusal("the batch is of a service class or entry class that is not read")
        self._batch, self._batch_line = batch | {"raw": text}, self._line

    def _keep_control(self, text: str) -> None:
        self._raw.append(text)
        self._control = self._line, self._read(_FILE_CONTROL, text)

    def _begin_entry(self, text: str) -> None:
        batch = self._batch or {}
        self._sums.add_entry(text)
        self._addenda, self._entry_line = 0, text
        fields, fault = {}, ""
        try:
            fields = _read_entry(text, batch)
        except BadField as error:
            fault = f"entry: {error}"
        self._entry = MessageRecord("entry", self._line, text, self._shared() | fields, fault)

    def _read_addenda(self, text: str) -> MessageRecord:
        if not self._entry_line:
            raise self._refusal("addenda belong to no entry")
        self._sums.records += 1
        self._addenda += 1
        fields, fault = {}, ""
        try:
            fields = _read_addenda(text, self._entry_line, self._addenda)
        except BadField as error:
            fault = f"addenda: {error}"
        return MessageRecord("addenda", self._line, text, self._shared() | fields, fault)

    def _end_entry(self) -> Iterator[MessageRecord]:
        """Yield the entry above, now that its addenda are known."""
        entry, self._entry = self._entry, None
        if entry is None:
            return
        fault = entry.fault
        if not fault and (entry.fields["addenda_indicator"] == "1") is not bool(self._addenda):
            fault = "entry: addenda_indicator does not agree with the addenda that follow"
        if not fault and (self._batch or {}).get("entry_class") == "CTX":
            stated = self._entry_line[54:58]
            if not stated.isascii() or not stated.isdigit() or int(stated) != self._addenda:
                fault = "entry: the number of addenda (55-58) does not agree with those that follow"
        self._entry_line = ""
        yield MessageRecord("entry", entry.line, entry.raw, entry.fields, fault)

    def _end_batch(self, text: str) -> MessageRecord:
        batch, control = self._batch or {}, self._read(_BATCH_CONTROL, text)
        stated = {"service_class": text[1:4], "company_identification": text[44:54].strip(),
                  "originating_dfi": text[79:87].strip(), "batch_number": text[87:94]}  # fmt: skip
        for name, value in stated.items():
            if batch[name] != value:
                raise self._refusal(f"{name} of the batch control record is not that of the batch header")
        self._reconcile(self._line, "the batch", control, self._sums)
        self.control_totals += 4
        self._file_sums.add(self._sums)
        self._batches += 1
        self._sums, self._batch = BatchSums(), None
        raw = f"{batch['raw']}\n{text}"
        return MessageRecord("batch", self._batch_line, raw, (self._header or {}) | batch | control)

    def _end_file(self) -> Iterator[MessageRecord]:
        if self._control is None:
            return
        line, control = self._control
        self._reconcile(line, "the file", control, self._file_sums)
        if int(control["batch_count"]) != self._batches:
            raise self._file.refusal(line, f"batch_count differs: the file has {self._batches} batches")
        if int(control["block_count"]) != -(-self._lines // BLOCK):
            raise self._file.refusal(line, f"block_count differs: the file has {self._lines} lines")
        self.control_totals += 6
        yield MessageRecord("file", self._file_line, "\n".join(self._raw), (self._header or {}) | control)
        self._control = self._header = None
        self._lines = self._batches = 0
        self._file_sums = BatchSums()

    def _reconcile(self, line: int, what: str, stated: dict[str, str], sums: BatchSums) -> None:
        if sums.unreadable:
            problem = f"the totals of {what} cannot be verified: {sums.unreadable} entries without a readable amount"
            raise self._file.refusal(line, problem)
        differing = sums.differing(stated)
        if differing:
            raise self._file.refusal(line, f"{differing} differs from the {sums.records} entries and addenda of {what}")

    def _shared(self) -> dict[str, str]:
        above = (self._header or {}) | (self._batch or {})
        return {name: text for name, text in above.items() if name in fields_of.SHARED}

    def _read(self, layout: RecordLayout, text: str) -> dict[str, str]:
        try:
            return layout.read(text)
        except BadField as error:
            raise self._refusal(str(error)) from None

    def _refusal(self, problem: str) -> Exception:
        return self._file.refusal(self._line, problem)


def _read_entry(text: str, batch: dict[str, str]) -> dict[str, str]:
    fields = _ENTRY.read(text)
    mark = direction_of(fields["transaction_code"])
    if not mark:
        raise BadField("transaction_code is none of the standard")
    if mark not in _MARKS_OF[batch["service_class"]]:
        raise BadField("transaction_code is on the side that service_class excludes")
    bank = text[3:11]
    if not (bank.isascii() and bank.isdigit()) or not has_check_digit(bank, text[11]):
        raise BadField("check_digit is not that of receiving_dfi")
    if fields["addenda_indicator"] not in {"0", "1"}:
        raise BadField("addenda_indicator is neither 0 nor 1")
    if batch["entry_class"] == "CTX":
        fields["individual_name"] = text[58:74].strip()
    amount = fields["amount"]
    return fields | {"mark": mark, "signed_amount": f"-{amount}" if mark == "D" and amount != "0.00" else amount}


def _read_addenda(text: str, entry: str, number: int) -> dict[str, str]:
    fields = _ADDENDA.read(text)
    kind, trace = fields["addenda_type"], entry[79:94]
    if entry[78] != "1":
        raise BadField("the entry above states that it has none (addenda_indicator)")
    if kind == _PAYMENT:
        if text[83:87] != f"{number:04}":
            raise BadField("addenda_sequence is not the next")
        if text[87:94] != trace[-7:]:
            raise BadField("entry sequence (88-94) is not that of the entry above")
        fields["addenda_sequence"] = text[83:87]
    elif kind in (*_CHANGE_OR_RETURN, _TERMINAL):
        if text[79:94] != trace:
            raise BadField("trace number (80-94) is not that of the entry above")
    else:
        raise BadField("addenda_type is none of 02, 05, 98, 99")
    unfit = {name for name, kinds in _OF_TYPE.items() if kind not in kinds}
    return {name: value for name, value in fields.items() if name not in unfit} | {"trace_number": trace}
