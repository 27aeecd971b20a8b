"""Queries drawn at random over three small tables: joins, subqueries, groups, windows, set operations, and more."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

TABLES = {
    "p": {"id": "INTEGER", "a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "u": "VARCHAR", "tags": "INTEGER[]"},
    "q": {"id": "INTEGER", "a": "INTEGER", "d": "INTEGER", "w": "VARCHAR"},
    "r": {"k": "INTEGER", "b": "INTEGER", "w": "VARCHAR"},
}


@dataclass(frozen=True)
class Known:
    """Columns that can be used, each as SQL writes it, by their type."""

    columns: dict[str, str]

    def of(self, kind: str) -> list[str]:
        return [name for name, found in self.columns.items() if found == kind]


class Maker:
    """Writes one query; every choice is drawn, so that a failing one becomes small."""

    def __init__(self, draw) -> None:
        self.draw, self.number = draw, 0

    def pick(self, *choices):
        return self.draw(st.sampled_from(choices))

    def name(self, start: str) -> str:
        self.number += 1
        return f"{start}{self.number}"

    # expressions

    def whole(self, known: Known, depth: int) -> str:
        """An expression of type INTEGER."""

        def one() -> str:
            return self.whole(known, depth - 1)

        def condition() -> str:
            return self.truth(known, depth - 1)

        forms = {
            "plain": lambda: self.pick(*known.of("INTEGER"), "3"),
            "add": lambda: f"({one()} + {one()})",
            "case": lambda: f"case when {condition()} then {one()} else {one()} end",
            "coalesce": lambda: f"coalesce({one()}, {one()})",
            "nullif": lambda: f"nullif({one()}, {one()})",
            "length": lambda: f"length({self.text(known, depth - 1)})",
            "greatest": lambda: f"greatest({one()}, {one()})",
            "if": lambda: f"if({condition()}, {one()}, 0)",
            "scalar": lambda: self.scalar(known),
        }
        return forms[self.pick("plain", *forms) if depth else "plain"]()

    def scalar(self, known: Known) -> str:
        """A subquery that gives one number, and that may read the query around it."""
        table, alias = self.pick("q", "r"), self.name("z")
        inner = Known({f"{alias}.{c}": t for c, t in TABLES[table].items()})
        condition = self.truth(Known(inner.columns | known.columns), 0)
        return f"(select max({self.pick(*inner.of('INTEGER'))}) from {table} as {alias} where {condition})"

    def text(self, known: Known, depth: int) -> str:
        """An expression of type VARCHAR."""

        def one() -> str:
            return self.text(known, depth - 1)

        forms = {
            "plain": lambda: self.pick(*known.of("VARCHAR"), "'x'"),
            "upper": lambda: f"upper({one()})",
            "concat": lambda: f"({one()} || {one()})",
            "cast": lambda: f"cast({self.whole(known, depth - 1)} as varchar)",
            "md5": lambda: f"md5({one()})",
            "case": lambda: f"case {self.text(known, 0)} when 'x' then {self.text(known, 0)} else 'no' end",
        }
        return forms[self.pick("plain", *forms) if depth else "plain"]()

    def truth(self, known: Known, depth: int) -> str:
        """A condition."""

        def one() -> str:
            return self.truth(known, depth - 1)

        simple = {
            "less": lambda: f"{self.whole(known, 0)} < {self.whole(known, 0)}",
            "equal": lambda: f"{self.text(known, 0)} = {self.text(known, 0)}",
            "null": lambda: f"{self.pick(*known.columns)} is not null",
        }
        forms = simple | {
            "and": lambda: f"({one()} and {one()})",
            "or": lambda: f"({one()} or {one()})",
            "not": lambda: f"(not {one()})",
            "in": lambda: (
                f"{self.whole(known, 0)} in (select {self.pick('a', 'd')} from q where {self.pick('d', 'id')} > 1)"
            ),
            "exists": lambda: self.exists(known),
        }
        return forms[self.pick(*forms)]() if depth else simple[self.pick(*simple)]()

    def exists(self, known: Known) -> str:
        alias = self.name("z")
        inner = Known({f"{alias}.{c}": t for c, t in TABLES["r"].items()} | known.columns)
        return f"exists (from r as {alias} where {self.truth(inner, 0)})"

    def aggregate(self, known: Known) -> tuple[str, str]:
        """An aggregate and its type."""
        form = self.pick("sum", "min", "count", "rows", "distinct", "filter", "string", "max", "arg_max", "bool_or")
        number, text = self.whole(known, 1), self.text(known, 1)
        texts = {
            "string": f"string_agg({text}, ',' order by {self.whole(known, 0)}, {text})",
            "max": f"max({text})",
        }
        numbers = {
            "rows": "count(*)",
            "distinct": f"count(distinct {number})",
            "filter": f"sum({number}) filter (where {self.truth(known, 1)})::integer",
            "arg_max": f"arg_max({number}, {self.whole(known, 0)})",
            "bool_or": f"bool_or({self.truth(known, 1)})::integer",
        }
        return (
            (texts[form], "VARCHAR") if form in texts else (numbers.get(form, f"{form}({number})::integer"), "INTEGER")
        )

    def window(self, known: Known) -> tuple[str, str]:
        partition = self.pick("", f"partition by {self.text(known, 0)} ", f"partition by {self.whole(known, 0)} ")
        order = f"order by {self.whole(known, 0)}, {self.whole(known, 0)}"
        form = self.pick("sum", "rank", "lag", "max")
        match form:
            case "rank":
                return f"rank() over ({partition}{order})", "INTEGER"
            case "lag":
                # the whole row is the order, so that there is no other one
                everything = ", ".join(known.columns)
                return f"lag({self.whole(known, 0)}) over ({partition}{order}, {everything})", "INTEGER"
            case "max":
                return f"max({self.text(known, 0)}) over ({partition})", "VARCHAR"
        return f"sum({self.whole(known, 0)}) over ({partition}{order})::integer", "INTEGER"

    # relations

    def source(self, depth: int) -> tuple[str, Known]:
        """One item of FROM, and its columns."""
        if depth and self.pick(True, False, False):
            query, columns = self.query(depth - 1)
            alias = self.name("v")
            return f"({query}) as {alias}", Known({f"{alias}.{c}": t for c, t in columns.items()})
        table = self.pick(*TABLES)
        alias = self.name("t")
        columns = {f"{alias}.{c}": t for c, t in TABLES[table].items() if t != "INTEGER[]"}
        if table == "p" and self.pick(True, False, False):
            element = self.name("e")
            columns[f"{element}.tag"] = "INTEGER"
            return f"{table} as {alias}, unnest({alias}.tags) as {element}(tag)", Known(columns)
        return f"{table} as {alias}", Known(columns)

    def joined(self, depth: int) -> tuple[str, Known]:
        left, known = self.source(depth)
        if self.pick(True, False):
            return left, known
        right, others = self.source(0)
        if "unnest" in right:
            return left, known
        kind = self.pick("join", "left join", "full join", "right join", "semi join", "anti join")
        both = Known(known.columns | others.columns)
        condition = f"{self.pick(*known.of('INTEGER') or ['1'])} = {self.pick(*others.of('INTEGER'))}"
        # a condition of more than equalities is not to be had in a full join
        more = "" if "full" in kind else self.pick("", f" and {self.truth(both, 0)}")
        shown = known if kind in {"semi join", "anti join"} else both
        return f"{left} {kind} {right} on {condition}{more}", shown

    def select(self, depth: int) -> tuple[str, dict[str, str]]:
        """A SELECT and its columns."""
        form = self.pick("plain", "plain", "star", "group", "group", "distinct", "window", "distinct on", "using")
        if form == "using":
            return self.shared()
        if form == "star":
            return self.starred()
        source, known = self.joined(depth)
        where = f" where {self.truth(known, 2)}" if self.pick(True, False) else ""
        if form == "group":
            return self.grouped(known, f"from {source}{where}")
        items = [(self.whole(known, 2), "INTEGER"), (self.text(known, 2), "VARCHAR")]
        head = after = ""
        if form == "window":
            items.append(self.window(known))
            after = self.pick("", f" qualify {self.window(known)[0]} is not null")
        elif form == "distinct":
            head = "distinct "
        elif form == "distinct on":
            head, after = f"distinct on ({self.whole(known, 1)}) ", f" order by {', '.join(known.columns)}"
        listed, columns = self.listed(items)
        return f"select {head}{listed} from {source}{where}{after}", columns

    def listed(self, items: list[tuple[str, str]]) -> tuple[str, dict[str, str]]:
        named = [(self.name("c"), *item) for item in items]
        return ", ".join(f"{expression} as {name}" for name, expression, _ in named), {
            name: kind for name, _, kind in named
        }

    def shared(self) -> tuple[str, dict[str, str]]:
        side = self.pick("", "left ", "right ", "full ")
        columns = {"id": "INTEGER", "a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "d": "INTEGER", "w": "VARCHAR"}
        return f"select * from (select id, a, b, s from p) {side}join (select id, d, w from q) using (id)", columns

    def starred(self) -> tuple[str, dict[str, str]]:
        table = self.pick("p", "q", "r")
        here = TABLES[table]
        out = {self.pick(*list(here)[1:3]), *(c for c, t in here.items() if t == "INTEGER[]")}
        query = f"select * exclude ({', '.join(sorted(out))}) from {table} where {self.truth(Known(here), 1)}"
        return query, {c: t for c, t in here.items() if c not in out}

    def grouped(self, known: Known, source: str) -> tuple[str, dict[str, str]]:
        keys = [(self.text(known, 1), "VARCHAR"), (self.whole(known, 1), "INTEGER")][: self.pick(1, 2)]
        listed, columns = self.listed([*keys, *(self.aggregate(known) for _ in range(self.pick(1, 2)))])
        by = self.pick("all", ", ".join(str(place + 1) for place in range(len(keys))))
        having = f" having {self.aggregate(known)[0]} is not null" if self.pick(True, False) else ""
        return f"select {listed} {source} group by {by}{having}", columns

    def query(self, depth: int) -> tuple[str, dict[str, str]]:
        """A query and its columns."""
        form = self.pick(*["select"] * 3, "union", "by name", "minus", "cte", "limit") if depth else "select"
        if form == "select":
            return self.select(depth)
        both = {"x": "INTEGER", "y": "VARCHAR"}
        if form == "cte":
            return self.with_cte(depth), both
        left, right = self.pair(depth - 1), self.pair(depth - 1)
        match form:
            case "union":
                return f"{left} union {self.pick('', 'all ')}{right}", both
            case "by name":
                other = f"select y, x as z from ({right})"
                return f"{left} union {self.pick('', 'all ')}by name {other}", both | {"z": "INTEGER"}
            case "minus":
                return f"{left} {self.pick('except', 'intersect')} {self.pick('', 'all ')}{right}", both
        return f"{left} order by x, y limit 3", both

    def with_cte(self, depth: int) -> str:
        inner, columns = self.query(depth - 1)
        name = self.name("w")
        known = Known({f"{name}.{c}": t for c, t in columns.items()})
        one, two = self.whole(known, 1), self.text(known, 1)
        twice = self.pick(name, f"{name} cross join (select count(*) as n from {name})")
        return f"with {name} as ({inner}) select {one} as x, {two} as y from {twice}"

    def pair(self, depth: int) -> str:
        """A query of two columns, x and y."""
        inner, columns = self.query(depth)
        known = Known(columns)
        return f"select {self.whole(known, 1)} as x, {self.text(known, 1)} as y from ({inner})"


@st.composite
def queries(draw) -> str:
    return Maker(draw).query(2)[0]
