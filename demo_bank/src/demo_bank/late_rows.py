"""Late bookings: appended to the transaction file, dated in a month that was exported long ago.

They are not damage but an ordinary event, and consistent: the control file counts the rows, and balances
agree. Each account receives money on a day without bookings and pays the same out on the next, so that no
other balance changes. A second run uses other accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from demo_bank.damage import Damage, NothingToDamageError, existing, lines_of, replace_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER: Final = "berka_pkdd99"
LATE_MONTH: Final = 9803  # as in the file: YYMM
LATE_ACCOUNTS: Final = 10
LATE_AMOUNT: Final = 1_200
QUIET_DAYS: Final = 3  # between the bookings around the late ones
ACCOUNT, DATE, BALANCE = 1, 2, 6  # positions of fields


@dataclass(frozen=True, slots=True)
class Gap:
    """Days without bookings of an account after `day`, at whose end it holds `balance` crowns."""

    account: bytes
    day: int
    balance: float


def late_rows(folder: Path) -> Damage:
    """Append two bookings each for some accounts, dated in March 1998, and count them in the control file."""
    file = existing(folder / FOLDER / "trans.asc.gz")
    control = existing(folder / FOLDER / "trans.control.csv")
    largest, gaps = _survey(file)
    if not gaps:
        raise NothingToDamageError(
            file, f"no account with {QUIET_DAYS} days without bookings in {LATE_MONTH}"
        )
    late = list(_bookings(gaps, largest))

    def appended(lines: Iterator[bytes]) -> Iterator[bytes]:
        yield from lines
        yield from late

    replace_lines(file, appended)
    _count(control, len(late))
    month = f"19{LATE_MONTH // 100}-{LATE_MONTH % 100:02d}"
    what = f"{len(late)} bookings of {month} appended, counted in {control.name}"
    return Damage("late-rows", file, None, what)


def _survey(file: Path) -> tuple[int, list[Gap]]:
    """Return the largest id, and a gap in the month for each of the first accounts that have one."""
    largest = newest = 0
    gaps: dict[bytes, Gap] = {}
    days: dict[bytes, tuple[int, int, bytes]] = {}  # last day, its bookings, the balance of the last
    with lines_of(file) as lines:
        next(lines, None)
        for line in lines:
            fields = line.split(b";", 7)
            date, account = int(fields[DATE]), fields[ACCOUNT]
            largest, newest = max(largest, int(fields[0])), max(newest, date)
            if date < newest:  # a late booking of an earlier run: that account is not used again
                gaps.pop(account, None)
            elif date // 100 == LATE_MONTH:
                last, bookings, balance = days.get(account, (0, 0, b""))
                # only the balance of a day's single booking is the day's closing balance for certain
                if bookings == 1 and date > last + QUIET_DAYS:
                    gaps.setdefault(account, Gap(account, last, float(balance)))
                days[account] = (date, bookings + 1 if date == last else 1, fields[BALANCE])
    return largest, list(gaps.values())[:LATE_ACCOUNTS]


def _bookings(gaps: list[Gap], largest: int) -> Iterator[bytes]:
    for number, gap in enumerate(gaps):
        first = largest + 1 + 2 * number
        yield _line(first, gap, gap.day + 1, '"PRIJEM";"VKLAD"', gap.balance + LATE_AMOUNT)
        yield _line(first + 1, gap, gap.day + 2, '"VYDAJ";"VYBER"', gap.balance)


def _line(number: int, gap: Gap, date: int, kind: str, balance: float) -> bytes:
    text = f'{number};{gap.account.decode()};{date};{kind};{LATE_AMOUNT:.2f};{balance:.2f};"";;\r\n'
    return text.encode("ascii")


def _count(control: Path, rows: int) -> None:
    """Add rows to the count of the control file."""
    header, line = control.read_bytes().splitlines(keepends=True)
    name, counted, complete_through = line.split(b";")
    control.write_bytes(header + b";".join([name, b"%d" % (int(counted) + rows), complete_through]))
