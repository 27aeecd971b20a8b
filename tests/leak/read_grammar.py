"""Reads that a stranger could write: predicates, expressions and statements, right ones and wrong ones, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from leak.canary_products import MASKS, SHOWN, WITHHELD

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_TEXTS = ("name", "phone", "card", "postcode", "person", "account_number", "age", "remark", "label", "note")
"""Columns that a reader gets as text."""
_NUMBERS = ("id", "visits", "amount", "salary", "score", "wealth")
_MOMENTS = ("day", "at", "born", "seen")
READABLE = (*SHOWN, *MASKS)
WORDS = ("red", "12", "", "***", "2024-05-06", "zz", "7", "60")
CASTS = (pl.Int64, pl.Int8, pl.UInt8, pl.Float64, pl.Date, pl.Boolean, pl.String, pl.Decimal(5, 4), pl.Time, pl.Binary)


@dataclass(frozen=True)
class ReadGrammar:
    """Draws reads. `spy` is given the values that Python functions in expressions see."""

    rng: random.Random
    spy: Callable[[Any], Any]

    def columns(self) -> list[str]:
        """Draw columns, now and then one that is withheld or unknown."""
        names = self.rng.sample(READABLE, self.rng.randint(1, 6))
        if self.rng.random() < 0.08:
            names.append(self.rng.choice((*WITHHELD, "nosuch")))
        return names

    def column(self) -> str:
        """Draw a column, rarely one that is withheld."""
        return self.rng.choice(tuple(WITHHELD) if self.rng.random() < 0.04 else READABLE)

    def predicate(self, depth: int = 0) -> pl.Expr:
        """Draw a predicate: one that may run below a filter, or one that may fail on what it may not see."""
        rng = self.rng
        if depth < 2 and rng.random() < 0.3:
            left, right = self.predicate(depth + 1), self.predicate(depth + 1)
            return rng.choice([left & right, left | right, ~left])
        return rng.choice(
            [self._safe, self._of_text, self._of_number, self._of_moment, self._cast, self._spied, self._spied]
        )()

    def _safe(self) -> pl.Expr:
        rng = self.rng
        return rng.choice(
            [
                lambda: pl.col("id") > rng.randrange(40),
                lambda: pl.col("amount") >= Decimal(rng.randrange(-50, 50)),
                lambda: pl.col("label") == rng.choice(WORDS),
                lambda: pl.col("note").is_in(rng.sample(WORDS, 3)),
                lambda: pl.col("day").is_between(date(2024, 1, 1), date(2024, 1 + rng.randrange(12), 1)),
                lambda: pl.col("at") < datetime(2024, 6, 1, tzinfo=UTC),
                lambda: pl.col(self.column()).is_null(),
                lambda: pl.col(self.column()).is_not_null(),
            ]
        )()

    def _of_text(self) -> pl.Expr:
        rng, text = self.rng, pl.col(self.rng.choice(_TEXTS))
        return rng.choice(
            [
                lambda: text.str.to_integer(strict=True) > 0,
                lambda: text.str.to_date("%Y-%m-%d", strict=True) > date(2020, 1, 1),
                lambda: text.str.strptime(pl.Datetime, "%Y", strict=True).is_not_null(),
                lambda: text.str.to_decimal(scale=2) > 0,
                lambda: text.str.json_decode(pl.Struct({"a": pl.Int64})).struct.field("a") > 0,
                lambda: text.str.decode("hex", strict=True).is_not_null(),
                lambda: text.str.decode("base64", strict=True).is_not_null(),
                lambda: text.str.contains(rng.choice(["q.x", "^[0-9]+$", "(", "Ꮖ"])),
                lambda: text.str.starts_with("q"),
                lambda: text.replace_strict({"red": 1}, return_dtype=pl.Int64) > 0,
                lambda: text.cast(pl.Enum(["red", "green"])).is_not_null(),
                lambda: text.str.split("x").list.get(rng.randrange(9)).is_not_null(),
                lambda: text.str.extract(r"(\d)", 1).cast(pl.Int64) > 0,
                lambda: text.str.reverse() > text.str.to_uppercase(),
                lambda: text.str.len_bytes() > pl.col(rng.choice(_NUMBERS)),
            ]
        )()

    def _of_number(self) -> pl.Expr:
        rng, number = self.rng, pl.col(self.rng.choice(_NUMBERS))
        return rng.choice(
            [
                lambda: number.cast(pl.Int8, strict=True) > 0,
                lambda: number.cast(pl.UInt16, strict=True) > 0,
                lambda: number.cast(pl.Decimal(4, 2), strict=True) > 0,
                lambda: pl.date_range(pl.lit(date(2024, 1, 1)), pl.lit(date(2024, 1, 3))).list.get(number) > 0,
                lambda: (number * number * number).cast(pl.Int32) > 5,
                lambda: pl.col("tags").list.get(number.cast(pl.Int32)) == "t1",
                lambda: number.cast(pl.String).str.to_integer(base=2, strict=True) > 0,
                lambda: number.rank() > number.mean(),
                lambda: pl.lit("x").repeat_by(number).list.len() > 1,
            ]
        )()

    def _of_moment(self) -> pl.Expr:
        rng, moment = self.rng, pl.col(self.rng.choice(_MOMENTS))
        return rng.choice(
            [
                lambda: moment.dt.year().cast(pl.Int8, strict=True) > 0,
                lambda: moment.dt.strftime("%Y-%m-%d").cast(pl.Int64, strict=True) > 0,
                lambda: moment.cast(pl.Int64).cast(pl.UInt8, strict=True) > 0,
                lambda: moment.dt.replace(day=31) > moment,
                lambda: moment.cast(pl.Datetime("ns", "UTC")) > datetime(2000, 1, 1, tzinfo=UTC),
                lambda: moment.dt.offset_by(rng.choice(["1d", "99999999y", "x"])) > moment,
            ]
        )()

    def _cast(self) -> pl.Expr:
        column = pl.col(self.column())
        return column.cast(self.rng.choice(CASTS), strict=self.rng.random() < 0.8).is_not_null()

    def _spied(self) -> pl.Expr:
        spy, column = self.spy, pl.col(self.column())
        return self.rng.choice(
            [
                lambda: column.map_elements(lambda value: bool(spy(value)), return_dtype=pl.Boolean),
                lambda: column.map_batches(lambda values: spy(values.to_list()) and values.is_not_null()),
                lambda: column.map_elements(lambda value: [][len(str(spy(value)))], return_dtype=pl.Boolean),
            ]
        )()

    def statement(self) -> str:
        """Draw a SELECT over `product`, or something else."""
        return self.rng.choice(_HOSTILE) if self.rng.random() < 0.06 else self.select()

    def select(self) -> str:
        """Draw a SELECT over `product` alone.

        Polars' own SQL opens any file of the machine, as `pl.read_parquet` does: what a reader's process does past the
        mesh is beyond a check of the mesh.
        """
        rng = self.rng
        chosen = ", ".join(self._sql_value() for _ in range(rng.randint(1, 3)))
        where = f" where {self._sql_condition()}" if rng.random() < 0.7 else ""
        tail = rng.choice(["", "", " limit 3", " order by 1", " group by all", " order by 1 desc limit 2"])
        query = f"select {chosen} from product{where}{tail}"
        return rng.choice(
            [query, query, query, f"select count(*) from ({query}) t", f"with t as ({query}) select * from t, t u"]
        )

    def _sql_value(self) -> str:
        rng, name = self.rng, self.column()
        return rng.choice(
            [
                name,
                name,
                "*" if rng.random() < 0.3 else name,
                f"min({name})",
                f"max({name})",
                "count(*)",
                f"{name}::{rng.choice(_SQL_TYPES)}",
                f"try_cast({name} as {rng.choice(_SQL_TYPES)})",
                f"list({name})",
                f"string_agg({name}::varchar, ',')",
                f"length({name}::varchar)",
                f"reverse({name}::varchar)",
                f"substr({name}::varchar, 1, 3)",
                f"case when {self._sql_condition(1)} then {name} end",
                f"error({name}::varchar)",
                f"first({name}) over (order by id)",
            ]
        )

    def _sql_condition(self, depth: int = 0) -> str:
        rng, name = self.rng, self.column()
        if depth < 2 and rng.random() < 0.25:
            return f"({self._sql_condition(depth + 1)} {rng.choice(['and', 'or'])} {self._sql_condition(depth + 1)})"
        return rng.choice(
            [
                f"id > {rng.randrange(40)}",
                f"label = '{rng.choice(WORDS)}'",
                f"{name} is {rng.choice(['', 'not '])}null",
                f"{name}::{rng.choice(_SQL_TYPES)} is not null",
                f"{name}::varchar::{rng.choice(_SQL_TYPES)} is not null",
                f"1 / (id - {rng.randrange(40)}) > 0",
                f"{name}::varchar like '{rng.choice(['q%', '%Ꮖ%', '_'])}'",
                f"strptime({name}::varchar, '%Y') > '2020-01-01'",
                f"{name} > (select max({self.column()}) from product)",
                f"error({name}::varchar)",
                f"tags[id] = '{rng.choice(WORDS)}'",
                f"exp(id) > amount::{rng.choice(_SQL_TYPES)}",
                f"regexp_matches({name}::varchar, '{rng.choice(['q', '(', '[0-9]+'])}')",
            ]
        )


_SQL_TYPES = ("integer", "tinyint", "date", "timestamp", "double", "decimal(4,2)", "boolean", "uuid", "varchar", "json")
_HOSTILE = (
    "select * from read_parquet('**/*.parquet')",
    "select * from duckdb_settings()",
    "copy product to 'x.csv'",
    "attach 'x.db'",
    "select * from query('select 1')",
    "pragma show_tables",
    "explain analyze select * from product",
    "select stats(id) from product",
    "select * from '*.parquet'",
    "with recursive t as (select 1 union all select 1 from t) select * from t",
    "select getenv('MESH_HOME')",
    "selec",
    "",
    "select * from product; select 1",
)
