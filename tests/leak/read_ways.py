"""The ways of reading that a stranger has: each draws one read, makes it, and keeps everything that left."""

from __future__ import annotations

import io
import pickle
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import polars as pl
from leak.canary_products import ACCOUNT, MASKS, PARTY, PURPOSE, SHOWN, WITHHELD
from leak.read_evidence import Evidence
from leak.read_grammar import WORDS, ReadGrammar

from bankmesh.access.errors import AccessDenied, IdentityRefused
from bankmesh.cli.main import main
from data_mesh_client import DataMeshClient

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from leak.canary_products import CanaryWorkspace

    from data_mesh_client import DataProduct


@dataclass
class Attempt:
    """One read: what left, what an audit log has to hold of it, and the words that describe it."""

    rng: random.Random
    evidence: Evidence = field(default_factory=Evidence)
    described: list[str] = field(default_factory=list)
    reads: int | None = None
    """The number of reads of rows that it made, exactly; None if it made any number."""
    has_rows: bool = False
    is_refused: bool = False
    has_failed: bool = False
    """Whether an error ended it; Polars may then begin another scan of its plan a moment later."""
    differs: str | None = None
    """How the result depends on more than what the reader may see: it is an oracle, though it holds no hidden value."""

    @property
    def grammar(self) -> ReadGrammar:
        return ReadGrammar(self.rng, self.evidence.spy)

    def gave_rows(self, what: str, value: object, reads: int | None = None) -> None:
        """Keep rows; `reads` is the number of reads that they took."""
        self.has_rows = (
            self.has_rows or not hasattr(value, "__len__") or len(value) > 0
        )  # Polars reads nothing for head(0)
        self.reads = reads
        self.evidence.add(what, value)


@dataclass
class Stranger:
    """A reader with a token of the workspace, with clients and opened products."""

    workspace: CanaryWorkspace
    products: dict[tuple[str, int], DataProduct] = field(default_factory=dict)
    _visible: dict[DataProduct, pl.DataFrame] = field(default_factory=dict)

    @property
    def client(self) -> DataMeshClient:
        return DataMeshClient(self.workspace.root, self.workspace.home)

    @property
    def files(self) -> Path:
        return self.workspace.root / "files"

    def product(self, rng: random.Random) -> DataProduct:
        """Return a version of a product, opened now and then anew."""
        name, version = rng.choice([(PARTY, 0), (PARTY, 1), (PARTY, 2), (PARTY, 2), (ACCOUNT, 0), (ACCOUNT, 1)])
        if (name, version) not in self.products or rng.random() < 0.02:
            self.products[name, version] = self.client.get_data_product(*name.split("."), version=version)
        return self.products[name, version]

    def visible(self, product: DataProduct) -> pl.DataFrame:
        """Return all that the reader may see of a product."""
        if product not in self._visible:
            self._visible[product] = product.to_polars()
        return self._visible[product]

    def make(self, way: str, rng: random.Random) -> Attempt:
        """Make one read, and keep what left, also if it failed."""
        attempt = Attempt(rng)
        try:
            WAYS[way](self, attempt)
        except (AccessDenied, IdentityRefused) as error:
            attempt.is_refused = True
            attempt.evidence.add_error(error)
        except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - what leaves with it is searched
            attempt.has_failed = True
            attempt.evidence.add_error(error)
        return attempt


def scan(stranger: Stranger, attempt: Attempt) -> None:
    """A lazy frame, with all that may be built on it."""
    rng, grammar = attempt.rng, attempt.grammar
    product = stranger.product(rng)
    frame = product.scan(grammar.columns() if rng.random() < 0.3 else None)
    attempt.evidence.add("frame", repr(frame))
    for _ in range(rng.randint(1, 3)):
        frame = _reshaped(frame, rng, grammar)
    _END_OF_FRAME[rng.choices(list(_END_OF_FRAME), _WEIGHTS)[0]](stranger, attempt, frame)
    if attempt.has_rows and product.contract.port not in frame.explain():
        attempt.has_rows = False  # of `limit 0` Polars makes an empty table, and its least value is a row, read nowhere
    if attempt.has_rows:
        attempt.evidence.add("receipt", product.receipt.text if hasattr(product.receipt, "text") else product.receipt)


def _select(frame: pl.LazyFrame | pl.DataFrame, predicate: pl.Expr, attempt: Attempt) -> list[Any] | None:
    """Return the ids of the rows that satisfy a predicate; None if it fails on one of them."""
    try:
        rows = frame.lazy().filter(predicate).collect()
    except Exception as error:  # noqa: BLE001 - whether it fails is what counts; its text is searched
        attempt.evidence.add_error(error)
        return None
    attempt.evidence.add("rows", rows)
    return sorted(rows["id"].to_list(), key=repr)


def filtered(stranger: Stranger, attempt: Attempt) -> None:
    """A filter gives the rows that it gives over all that the reader may see, and fails only where it fails there."""
    product, predicate = stranger.product(attempt.rng), attempt.grammar.predicate()
    attempt.described.append(str(predicate))
    expected = _select(stranger.visible(product), predicate, attempt)
    found = _select(product.scan(), predicate, attempt)
    attempt.has_rows = bool(found)
    if found != expected:
        ids = ["an error" if each is None else f"{len(each)} rows" for each in (found, expected)]
        attempt.differs = f"{ids[0]}, and {ids[1]} over what the reader may see"


def _reshaped(frame: pl.LazyFrame, rng: random.Random, grammar: ReadGrammar) -> pl.LazyFrame:
    name = grammar.column()
    return rng.choice(
        [
            lambda: frame.filter(grammar.predicate()),
            lambda: frame.filter(grammar.predicate()),
            lambda: frame.filter(grammar.predicate()),
            lambda: frame.with_columns(extra=grammar.predicate()),
            lambda: frame.with_columns(pl.col(name).cast(pl.String).str.reverse().alias("turned")),
            lambda: frame.sort(name, descending=rng.random() < 0.5),
            lambda: frame.head(rng.randrange(12)),
            lambda: frame.slice(rng.randrange(9), 5),
            frame.with_row_index,
            lambda: frame.unique(name),
            lambda: frame.group_by(name).agg(pl.all().first()),
            lambda: frame.group_by(pl.lit(1)).agg(pl.all().min()),
            lambda: frame.join(frame, on=name, how=rng.choice(["inner", "left", "semi", "anti"])),
            lambda: frame.join_where(frame, pl.col("id") > pl.col("id_right"), suffix="_right").head(9),
            lambda: pl.concat([frame, frame.filter(grammar.predicate())]),
            lambda: frame.map_batches(lambda rows: grammar.spy(rows.rows()) and rows),
            lambda: pl.SQLContext(product=frame).execute(grammar.select()),
            lambda: frame.select(pl.all().exclude(name)),
            lambda: frame.with_columns(pl.col(name).shift(1).over("active")),
        ]
    )()


def _collected(_: Stranger, attempt: Attempt, frame: pl.LazyFrame) -> None:
    engine = attempt.rng.choice(["auto", "streaming", "in-memory"])
    attempt.gave_rows("rows", frame.collect(engine=engine))


def _sunk(stranger: Stranger, attempt: Attempt, frame: pl.LazyFrame) -> None:
    kind = attempt.rng.choice(["parquet", "csv", "ndjson", "ipc"])
    stranger.files.mkdir(exist_ok=True)
    file = stranger.files / f"sunk.{kind}"
    try:
        getattr(frame, f"sink_{kind}")(file)
        attempt.has_rows = _READERS[kind](file).height > 0
    finally:
        if file.exists():
            attempt.evidence.add_file(file)
            file.unlink()


_READERS = {
    "parquet": pl.read_parquet,
    "ipc": partial(pl.read_ipc, memory_map=False),
    "ndjson": lambda file: pl.DataFrame({"line": file.read_text(encoding="utf-8").splitlines()}),
    "csv": lambda file: pl.DataFrame({"line": file.read_text(encoding="utf-8").splitlines()[1:]}),
}


def _described(_: Stranger, attempt: Attempt, frame: pl.LazyFrame) -> None:
    rng, evidence = attempt.rng, attempt.evidence
    for what, made in {
        "plan": lambda: frame.explain(optimized=rng.random() < 0.5),
        "streaming plan": partial(frame.explain, engine="streaming"),
        "graph": lambda: frame.show_graph(raw_output=True, show=False),
        "frame": lambda: repr(frame) + frame._repr_html_() + str(frame.collect_schema()),
        "serialised": frame.serialize,
        "serialised JSON": lambda: frame.serialize(format="json"),
        "pickle": lambda: pickle.dumps(frame),
        "pickled by value": lambda: __import__("cloudpickle").dumps(frame),
    }.items():
        try:
            evidence.add(what, made())
        except Exception as error:  # noqa: BLE001 - what leaves with it is searched
            evidence.add_error(error)
    attempt.reads = 0


def _in_batches(_: Stranger, attempt: Attempt, frame: pl.LazyFrame) -> None:
    for batch in frame.collect_batches(chunk_size=attempt.rng.choice([1, 7, None])):
        attempt.gave_rows("batch", batch)


def _profiled(_: Stranger, attempt: Attempt, frame: pl.LazyFrame) -> None:
    rows, times = frame.profile()
    attempt.gave_rows("rows", rows)
    attempt.evidence.add("times", times)


_END_OF_FRAME: Mapping[str, Callable[[Stranger, Attempt, pl.LazyFrame], None]] = {
    "collect": _collected,
    "sink": _sunk,
    "describe": _described,
    "batches": _in_batches,
    "profile": _profiled,
}
_WEIGHTS = (8, 2, 1, 1, 1)


def whole_tables(stranger: Stranger, attempt: Attempt) -> None:
    """`to_polars`, `to_arrow` and `to_pandas`."""
    rng, product = attempt.rng, stranger.product(attempt.rng)
    columns = attempt.grammar.columns() if rng.random() < 0.8 else None
    rows: Any = getattr(product, rng.choice(["to_polars", "to_arrow", "to_pandas"]))(columns)
    attempt.gave_rows("rows", rows if not hasattr(rows, "to_csv") else rows.to_csv(), reads=1)
    if not isinstance(rows, pl.DataFrame) and hasattr(rows, "to_csv"):
        attempt.evidence.add("rows", repr(rows) + rows.to_json(default_handler=str, date_format="iso"))
    attempt.evidence.add("receipt", product.receipt)
    attempt.evidence.add("product", repr(product) + product._repr_html_() + repr(product.decision))


def sql(stranger: Stranger, attempt: Attempt) -> None:
    """SQL over a product."""
    product, query = stranger.product(attempt.rng), attempt.grammar.statement()
    attempt.described.append(query)
    attempt.gave_rows("rows", product.sql(query))
    attempt.evidence.add("receipt", product.receipt)


def command(stranger: Stranger, attempt: Attempt, *words: str) -> int:
    """Run `mesh` in this process; return its exit code."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    code = 0
    attempt.described.append(" ".join(words))
    with patch.object(sys, "argv", ["mesh", *words]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (out, err):
        stream.flush()
        attempt.evidence.add("output", stream.buffer.getvalue())  # type: ignore[attr-defined]
    return code


def get(stranger: Stranger, attempt: Attempt) -> None:
    """`mesh get`."""
    rng = attempt.rng
    stranger.files.mkdir(exist_ok=True)
    kind = rng.choice(["table", "csv", "json", "parquet"])
    file = stranger.files / f"got.{kind}"
    words = ["get", rng.choice([PARTY, ACCOUNT]), "--format", kind]
    words += ["-o", str(file)] if kind == "parquet" or rng.random() < 0.3 else []
    words += ["--columns", ",".join(attempt.grammar.columns())] if rng.random() < 0.7 else []
    words += ["--limit", str(rng.randrange(1, 30))] if rng.random() < 0.5 else []
    words += ["--version", str(rng.randrange(4))] if rng.random() < 0.5 else []
    words += ["--purpose", rng.choice([PURPOSE, "vault", "nosuch", "stewardship"])] if rng.random() < 0.1 else []
    attempt.has_rows = command(stranger, attempt, *words) == 0
    if file.exists():
        attempt.evidence.add_file(file)
        file.unlink()


def diff(stranger: Stranger, attempt: Attempt) -> None:
    """`mesh diff`, and the client's."""
    rng, name = attempt.rng, attempt.rng.choice([PARTY, ACCOUNT])
    last = rng.randrange(1, 3 if name == PARTY else 2)
    first, examples = rng.randrange(last), rng.choice([0, 3, 1_000])
    if rng.random() < 0.5:
        product = stranger.client.get_data_product(*name.split("."), version=last)
        attempt.gave_rows("diff", repr(product.diff(first, examples=examples, notify=attempt.evidence.spy)))
        return
    words = ["diff", name, "--from", str(first), "--to", str(last), "--examples", str(examples)]
    attempt.has_rows = command(stranger, attempt, *words, *(["--json"] if rng.random() < 0.5 else [])) == 0


def profile(stranger: Stranger, attempt: Attempt) -> None:
    """`mesh profile`, and the client's."""
    rng = attempt.rng
    if rng.random() < 0.5:
        attempt.evidence.add("profile", repr(stranger.product(rng).profile))
        return
    words = ["profile", rng.choice([PARTY, ACCOUNT]), "--version", str(rng.randrange(2))]
    command(stranger, attempt, *words, *(["--json"] if rng.random() < 0.5 else []))


def search(stranger: Stranger, attempt: Attempt) -> None:
    """`mesh search`."""
    rng = attempt.rng
    found = rng.sample(("retail", "party", "secret", "example", "phone", "q", *WORDS, *SHOWN, *MASKS, *WITHHELD), 2)
    words = ["search", *[word for word in found if word], *(["--json"] if rng.random() < 0.5 else [])]
    command(stranger, attempt, *words)
    attempt.reads = 0


def lineage(stranger: Stranger, attempt: Attempt) -> None:
    """`mesh lineage`."""
    rng = attempt.rng
    column = f"{rng.choice([PARTY, ACCOUNT])}.{rng.choice((*SHOWN, *MASKS, *WITHHELD))}"
    words = rng.choice([["of", column], ["of", column, "--json"], ["events"], ["status"], ["check"]])
    command(stranger, attempt, "lineage", *words)
    attempt.reads = 0


def show(stranger: Stranger, attempt: Attempt) -> None:
    """`mesh show` and other descriptions of products and reads."""
    rng, name = attempt.rng, attempt.rng.choice([PARTY, ACCOUNT])
    json = ["--json"] if rng.random() < 0.5 else []
    match rng.randrange(6):
        case 0 | 1 | 2:
            command(stranger, attempt, "show", name, *json)
        case 3:
            command(stranger, attempt, "products", *json)
        case 4:
            command(stranger, attempt, "audit", "query", *json)
        case _:
            client = stranger.client
            attempt.evidence.add("history", repr(client.history(name)))
            attempt.evidence.add("products", repr(client.products()) + client.products()._repr_html_())
    attempt.reads = 0


WAYS: Mapping[str, Callable[[Stranger, Attempt], None]] = {
    "scan": scan,
    "filter": filtered,
    "to": whole_tables,
    "sql": sql,
    "get": get,
    "diff": diff,
    "profile": profile,
    "search": search,
    "lineage": lineage,
    "show": show,
}
