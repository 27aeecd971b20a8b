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
        here = known.of("INTEGER")
        plain = [*here, "3"] if here else ["3"]
        if depth == 0:
            return self.pick(*plain)
        form = self.pick("plain", "plain", "add", "case", "coalesce", "nullif", "length", "greatest", "scalar", "if")
        one, two = (lambda: self.whole(known, depth - 1)), (lambda: self.truth(known, depth - 1))
        match form:
            case "add":
                return f"({one()} + {one()})"
            case "case":
                return f"case when {two()} then {one()} else {one()} end"
            case "coalesce":
                return f"coalesce({one()}, {one()})"
            case "nullif":
                return f"nullif({one()}, {one()})"
            case "length":
                return f"length({self.text(known, depth - 1)})"
            case "greatest":
                return f"greatest({one()}, {one()})"
            case "if":
                return f"if({two()}, {one()}, 0)"
            case "scalar":
                table = self.pick("q", "r")
                alias = self.name("z")
                inner = Known({f"{alias}.{c}": t for c, t in TABLES[table].items()} | known.columns)
                value = self.pick(*[f"{alias}.{c}" for c, t in TABLES[table].items() if t == "INTEGER"])
                return f"(select max({value}) from {table} as {alias} where {self.truth(inner, 0)})"
        return self.pick(*plain)

    def text(self, known: Known, depth: int) -> str:
        here = known.of("VARCHAR")
        plain = [*here, "'x'"] if here else ["'x'"]
        form = self.pick("plain", "plain", "upper", "concat", "cast", "md5", "case") if depth else "plain"
        match form:
            case "upper":
                return f"upper({self.text(known, depth - 1)})"
            case "concat":
                return f"({self.text(known, depth - 1)} || {self.text(known, depth - 1)})"
            case "cast":
                return f"cast({self.whole(known, depth - 1)} as varchar)"
            case "md5":
                return f"md5({self.text(known, depth - 1)})"
            case "case":
                return f"case {self.text(known, 0)} when 'x' then {self.text(known, 0)} else 'no' end"
        return self.pick(*plain)

    def truth(self, known: Known, depth: int) -> str:
        simple = ["less", "null", "equal"]
        form = self.pick(*simple, "and", "or", "not", "in", "exists") if depth else self.pick(*simple)
        one = lambda: self.truth(known, depth - 1)  # noqa: E731
        match form:
            case "null":
                return f"{self.pick(*known.columns)} is not null"
            case "equal":
                return f"{self.text(known, 0)} = {self.text(known, 0)}"
            case "and":
                return f"({one()} and {one()})"
            case "or":
                return f"({one()} or {one()})"
            case "not":
                return f"(not {one()})"
            case "in":
                return (
                    f"{self.whole(known, 0)} in (select {self.pick('a', 'd')} from q where {self.pick('d', 'id')} > 1)"
                )
            case "exists":
                alias = self.name("z")
                inner = Known({f"{alias}.{c}": t for c, t in TABLES["r"].items()} | known.columns)
                return f"exists (from r as {alias} where {self.truth(inner, 0)})"
        return f"{self.whole(known, 0)} < {self.whole(known, 0)}"

    def aggregate(self, known: Known) -> tuple[str, str]:
        form = self.pick("sum", "min", "count", "rows", "distinct", "filter", "string", "max text", "arg_max", "bool")
        match form:
            case "rows":
                return "count(*)", "INTEGER"
            case "count" | "distinct":
                inner = self.whole(known, 1)
                return (f"count(distinct {inner})" if form == "distinct" else f"count({inner})"), "INTEGER"
            case "filter":
                return f"sum({self.whole(known, 0)}) filter (where {self.truth(known, 1)})::integer", "INTEGER"
            case "string":
                value = self.text(known, 1)
                return f"string_agg({value}, ',' order by {self.whole(known, 0)}, {value})", "VARCHAR"
            case "max text":
                return f"max({self.text(known, 1)})", "VARCHAR"
            case "arg_max":
                return f"arg_max({self.whole(known, 0)}, {self.whole(known, 0)})", "INTEGER"
            case "bool":
                return f"bool_or({self.truth(known, 1)})::integer", "INTEGER"
        return f"{form}({self.whole(known, 1)})::integer", "INTEGER"

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
        source, known = self.joined(depth)
        where = f" where {self.truth(known, 2)}" if self.pick(True, False) else ""
        form = self.pick("plain", "plain", "star", "group", "group all", "distinct", "window", "distinct on", "using")
        columns: dict[str, str] = {}
        items: list[str] = []

        def add(expression: str, kind: str) -> None:
            name = self.name("c")
            columns[name] = kind
            items.append(f"{expression} as {name}")

        if form == "using":
            side = self.pick("", "left ", "right ", "full ")
            return f"select * from (select id, a, b, s from p) {side}join (select id, d, w from q) using (id)", {
                "id": "INTEGER", "a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "d": "INTEGER", "w": "VARCHAR",
            }  # fmt: skip
        if form == "star":
            table = self.pick("p", "q", "r")
            out = self.pick(*list(TABLES[table])[1:3])
            kept = {c: t for c, t in TABLES[table].items() if c != out and t != "INTEGER[]"}
            tags = ", tags" if table == "p" else ""
            return (
                f"select * exclude ({out}{tags}) from {table} where {self.truth(Known(dict(TABLES[table])), 1)}",
                kept,
            )
        if form in {"group", "group all"}:
            keys = [(self.text(known, 1), "VARCHAR"), (self.whole(known, 1), "INTEGER")][: self.pick(1, 2)]
            for expression, kind in keys:
                add(expression, kind)
            for _ in range(self.pick(1, 2)):
                add(*self.aggregate(known))
            by = "all" if form == "group all" else ", ".join(str(place + 1) for place in range(len(keys)))
            having = f" having {self.aggregate(known)[0]} is not null" if self.pick(True, False) else ""
            return f"select {', '.join(items)} from {source}{where} group by {by}{having}", columns
        add(self.whole(known, 2), "INTEGER")
        add(self.text(known, 2), "VARCHAR")
        more = ""
        if form == "window":
            add(*self.window(known))
            more = self.pick("", f" qualify {self.window(known)[0]} is not null")
        head = "distinct " if form == "distinct" else ""
        if form == "distinct on":
            head = f"distinct on ({self.whole(known, 1)}) "
            more = f" order by {', '.join(known.columns)}"
        return f"select {head}{', '.join(items)} from {source}{where}{more}", columns

    def query(self, depth: int) -> tuple[str, dict[str, str]]:
        form = (
            self.pick("select", "select", "select", "union", "by name", "minus", "cte", "limit") if depth else "select"
        )
        if form == "select":
            return self.select(depth)
        if form == "cte":
            inner, columns = self.query(depth - 1)
            name = self.name("w")
            known = Known({f"{name}.{c}": t for c, t in columns.items()})
            one, two = self.whole(known, 1), self.text(known, 1)
            twice = self.pick(name, f"{name} cross join (select count(*) as n from {name})")
            return f"with {name} as ({inner}) select {one} as x, {two} as y from {twice}", {
                "x": "INTEGER",
                "y": "VARCHAR",
            }
        left, right = self.pair(depth - 1), self.pair(depth - 1)
        both = {"x": "INTEGER", "y": "VARCHAR"}
        match form:
            case "union":
                return f"{left} union {self.pick('', 'all ')}{right}", both
            case "by name":
                other = f"select y, x as z from ({right})"
                return f"{left} union {self.pick('', 'all ')}by name {other}", both | {"z": "INTEGER"}
            case "minus":
                return f"{left} {self.pick('except', 'intersect')} {self.pick('', 'all ')}{right}", both
        return f"{left} order by x, y limit 3", both

    def pair(self, depth: int) -> str:
        """A query of two columns, x and y."""
        inner, columns = self.query(depth)
        known = Known(columns)
        return f"select {self.whole(known, 1)} as x, {self.text(known, 1)} as y from ({inner})"


@st.composite
def queries(draw) -> str:
    return Maker(draw).query(2)[0]
