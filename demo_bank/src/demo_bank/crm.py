"""The CRM's exports: the same customers in another system, with invented personal data.

Quirks of the real files: keys as letter and eight digits, birth years shifted by 20, US dates and zip codes
without leading zeros, most files without a final line end, and a city that differs from the core system's
district.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank import names, published
from demo_bank.calendar_days import CRM_SHIFT_YEARS, parts
from demo_bank.consents import consents
from demo_bank.draws import IntArray, stream
from demo_bank.standing import SYMBOLS
from demo_bank.writing import write_crm

if TYPE_CHECKING:
    from pathlib import Path

    from demo_bank.bank import Bank

AGE_COUNTED_IN: Final = 2019  # the real file's age is this year less the year of birth
FREQUENCIES: Final = ("Monthly Issuance", "Weekly Issuance", "Issuance After Transaction")
CARD_TYPES: Final = {"classic": "VISA Signature", "junior": "VISA Standard", "gold": "VISA Infinite"}
ORDER_WORDS: Final = {
    "SIPO": "Household Payment",
    " ": " ",
    "POJISTNE": "Insurance Payment",
    "LEASING": "Leasing Payment",
    "UVER": "Loan Payment",
}
PURPOSES: Final = ("home", "debt_consolidation", "home_improvement", "car")
PURPOSE_SHARES: Final = (0.786, 0.11, 0.06, 0.044)  # of the loans of the real file


def write_files(folder: Path, bank: Bank, seed: int) -> tuple[dict[str, int], pl.Series]:
    """Write the files of the customers' master data; return rows by name, and the clients' phone numbers."""
    districts = _districts(seed)
    plain = {
        "completedacct": _accounts(bank),
        "completeddisposition": _dispositions(bank),
        "completedorder": _orders(bank),
        "completedcard": _cards(bank),
        "completedloan": _loans(bank, seed),
        "completeddistrict": districts,
    }
    rows = {name: write_crm(folder / f"{name}.csv.gz", frame) for name, frame in plain.items()}
    clients = _clients(bank, districts, seed)
    rows["completedclient"] = write_crm(folder / "completedclient.csv.gz", clients, final_newline=True)
    agreed = consents(bank.population.clients.client_id, seed)
    rows["crm_consent"] = write_crm(folder / "crm_consent.csv.gz", agreed, final_newline=True)
    return rows, clients["phone"]


def key(letter: str, numbers: IntArray) -> pl.Series:
    """Spell identifiers as the CRM does: a letter and eight digits."""
    return letter + pl.Series(numbers).cast(pl.String).str.zfill(8)


def _iso(days: IntArray) -> tuple[IntArray, IntArray, IntArray, pl.Series]:
    """Return year, month, day and ISO date, shifted by twenty years."""
    year, month, day = parts(days)
    frame = pl.DataFrame({"y": year + CRM_SHIFT_YEARS, "m": month, "d": day})
    text = frame.select(pl.date("y", "m", "d").dt.strftime("%Y-%m-%d")).to_series()
    return year + CRM_SHIFT_YEARS, month, day, text


def _districts(seed: int) -> pl.DataFrame:
    towns = names.places()
    drawn = stream(seed, "crm districts").permutation(len(towns))[: published.DISTRICTS]
    columns = ["city", "state_name", "state_abbrev", "region", "division"]
    frame = pl.DataFrame([towns[place] for place in drawn], schema=columns, orient="row")
    return frame.insert_column(0, pl.Series("district_id", range(1, published.DISTRICTS + 1)))


def _draw(rng: np.random.Generator, words: tuple[str, ...], count: int) -> pl.Series:
    return pl.Series(words).gather(rng.integers(0, len(words), count))


def _clients(bank: Bank, districts: pl.DataFrame, seed: int) -> pl.DataFrame:
    clients = bank.population.clients
    rng = stream(seed, "crm clients")
    count = len(clients)
    home = districts.select("city", pl.col("state_abbrev").alias("state"), pl.col("region").alias("Region"))
    home = home[(clients.district - 1).tolist()]
    person = _people(rng, clients.female.astype(np.int64), count)
    year = clients.birth_year + CRM_SHIFT_YEARS
    numbers = pl.DataFrame({"d": clients.birth_day, "m": clients.birth_month, "y": year})
    east = (home["Region"] == "Northeast").to_numpy()
    return pl.DataFrame(
        {
            "client_id": key("C", clients.client_id),
            "sex": pl.Series(["Male", "Female"]).gather(clients.female.astype(np.int64)),
            "fulldate": numbers.select(pl.format("{}/{}/{}", "m", "d", "y")).to_series(),
            "day": clients.birth_day,
            "month": clients.birth_month,
            "year": year,
            "age": AGE_COUNTED_IN - year,
            "social": _national_ids(rng, count),
            "first": person["first"],
            "middle": person["middle"],
            "last": person["last"],
            "phone": _phones(rng, count),
            "email": person["email"],
            "address_1": _addresses(rng, count),
            "address_2": _units(rng, count),
            "city": home["city"],
            "state": home["state"],
            # a number, so `01101` is 1101
            "zipcode": np.where(east, rng.integers(1001, 14_999, count), rng.integers(20_001, 99_999, count)),
            "district_id": clients.district,
            "Region": home["Region"],
        }
    )


def _people(rng: np.random.Generator, female: IntArray, count: int) -> pl.DataFrame:
    man, woman = _draw(rng, names.MEN, count), _draw(rng, names.WOMEN, count)
    first = woman.zip_with(pl.Series(female == 1), man)
    frame = pl.DataFrame(
        {
            "first": first,
            "middle": _draw(rng, names.MIDDLE, count),
            "last": _draw(rng, names.FAMILIES, count),
            "host": _draw(rng, names.MAIL_HOSTS, count),
        }
    )
    repeat = pl.int_range(pl.len()).over("first", "last").cast(pl.String).replace("0", "")
    local = pl.format(
        "{}.{}{}", pl.col("first").str.to_lowercase(), pl.col("last").str.to_lowercase(), repeat
    )
    return frame.with_columns(pl.format("{}@{}", local, "host").alias("email"))


def _national_ids(rng: np.random.Generator, count: int) -> pl.Series:
    """Numbers from 9xx with a middle group below 50: never issued, neither as SSN nor as tax number."""
    area, group, serial = (
        rng.integers(900, 1000, count),
        rng.integers(10, 50, count),
        rng.integers(1000, 10_000, count),
    )
    frame = pl.DataFrame({"a": area, "g": group, "s": serial})
    return frame.select(pl.format("{}-{}-{}", "a", "g", "s")).to_series()


def _phones(rng: np.random.Generator, count: int) -> pl.Series:
    """Exchange 555 throughout; at scale 1 hardly any number occurs twice."""
    frame = pl.DataFrame({"area": rng.integers(201, 990, count), "line": rng.integers(0, 10_000, count)})
    line = pl.col("line").cast(pl.String).str.zfill(4)
    return frame.select(pl.format("{}-555-{}", "area", line)).to_series()


def _addresses(rng: np.random.Generator, count: int) -> pl.Series:
    frame = pl.DataFrame(
        {
            "number": rng.integers(1, 9999, count),
            "street": _draw(rng, names.STREETS, count),
            "kind": _draw(rng, names.STREET_KINDS, count),
        }
    )
    return frame.select(pl.format("{} {} {}", "number", "street", "kind")).to_series()


def _units(rng: np.random.Generator, count: int) -> pl.Series:
    """One client in six has a second address line."""
    return pl.Series([f"Unit {number}" if number < 10 else None for number in rng.integers(1, 61, count)])  # noqa: PLR2004


def _accounts(bank: Bank) -> pl.DataFrame:
    accounts = bank.population.accounts
    by_day = np.argsort(accounts.opened, kind="stable")
    year, month, day, text = _iso(accounts.opened[by_day])
    return pl.DataFrame(
        {
            "account_id": key("A", accounts.account_id[by_day]),
            "district_id": accounts.district[by_day],
            "frequency": pl.Series(FREQUENCIES).gather(accounts.frequency[by_day]),
            "parseddate": text,
            "year": year,
            "month": month,
            "day": day,
        }
    )


def _dispositions(bank: Bank) -> pl.DataFrame:
    clients = bank.population.clients
    return pl.DataFrame(
        {
            "disp_id": key("D", clients.disp_id),
            "client_id": key("C", clients.client_id),
            "account_id": key("A", bank.population.accounts.account_id[clients.account]),
            "type": pl.Series(["User", "Owner"]).gather(clients.is_owner.astype(np.int64)),
        }
    )


def _orders(bank: Bank) -> pl.DataFrame:
    orders = bank.orders
    amount = pl.Series(orders.amount / 10).cast(pl.String).str.strip_suffix(".0")
    return pl.DataFrame(
        {
            "order_id": orders.order_id,
            "account_id": key("A", bank.population.accounts.account_id[orders.account]),
            "bank_to": pl.Series(published.BANKS).gather(orders.bank),
            "account_to": orders.account_to,
            "amount": amount,
            "k_symbol": pl.Series([ORDER_WORDS[symbol] for symbol in SYMBOLS]).gather(orders.symbol),
        }
    )


def _cards(bank: Bank) -> pl.DataFrame:
    cards = bank.cards
    year, month, day, text = _iso(cards.issued)
    owner = bank.population.accounts.owner[cards.account]
    return pl.DataFrame(
        {
            "card_id": key("V", cards.card_id),
            "disp_id": key("D", bank.population.clients.disp_id[owner]),
            "type": [CARD_TYPES[kind] for kind in cards.kind],
            "year": year,
            "month": month,
            "day": day,
            "fulldate": text,
        }
    )


def _loans(bank: Bank, seed: int) -> pl.DataFrame:
    loans = bank.loans
    rng = stream(seed, "crm loans")
    count = len(loans.loan_id)
    year, month, day, text = _iso(loans.granted)
    frame = pl.DataFrame(
        {
            "loan_id": key("L", loans.loan_id),
            "account_id": key("A", bank.population.accounts.account_id[loans.account]),
            "amount": loans.duration * loans.payment,
            "duration": loans.duration,
            "payments": loans.payment,
            "status": loans.status,
            "year": year,
            "month": month,
            "day": day,
            "fulldate": text,
            "location": np.where(rng.random(count) < 0.75, 1, rng.integers(2, 78, count)),  # noqa: PLR2004
            "purpose": rng.choice(PURPOSES, count, p=PURPOSE_SHARES).tolist(),
        }
    )
    return frame.sort("amount", "loan_id")
