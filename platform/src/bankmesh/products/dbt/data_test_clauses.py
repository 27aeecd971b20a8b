"""dbt data tests as clauses of the gate: the SQL that each test compiles to, or why it cannot run here.

dbt runs tests after a model is built; here they run before it is published, on the table as readers would see it. So
a test may read its product and the published products that the product itself reads, each at its pinned version.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.data_test_rules import TABLE, DbtTest, placeholder_of
from bankmesh.contracts.model import Clause, Severity
from bankmesh.errors import Fault
from bankmesh.products.dbt.configuration_lines import place_of_config, place_of_test
from bankmesh.products.dbt.dbt_models import (
    DBT_LOCK,
    common_arguments,
    current_manifest,
    dbt_environment,
    key_of,
    project_fingerprint,
    select_nodes,
    source_name,
)
from bankmesh.products.product_definition import ProductInput, product_input
from bankmesh.storage.atomic_files import lock_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import Input
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

TEST = "dbt-test"
_HONOURED = frozenset(
    {
        "severity",
        "where",
        "limit",
        "fail_calc",
        "warn_if",
        "error_if",
        "enabled",
        "tags",
        "meta",
        "group",
        "description",
    }
    # dbt gives a generic test with a long name an alias, for a table that is not created here.
    | {"materialized", "docs", "static_analysis", "name", "alias"}
)
_WHY = {
    "store_failures": "failing rows are not stored, because reading them would bypass access control",
    "store_failures_as": "failing rows are not stored, because reading them would bypass access control",
}
_READS_DATABASE = ("macro.dbt.statement", "macro.dbt.run_query")
_ADAPTER = re.compile(r"\badapter\s*\.\s*(?!quote\b|dispatch\b)\w+")
_FUNCTIONS = ("unnest", "range", "generate_series")


@dataclass(frozen=True)
class TestedProduct:
    """A product as its data tests need it: the contract, and what the model reads."""

    contract: Contract
    inputs: Mapping[str, Input]

    @property
    def pinned(self) -> dict[str, ProductInput]:
        """The published products of which the gate has a version, by the names that dbt gives them."""
        read = {name: item for name, item in self.inputs.items() if isinstance(item, ProductInput)}
        looked_up = [
            clause.rule.product for clause in self.contract.clauses if isinstance(clause.rule, MissingReferences)
        ]
        return {source_name(item): item for item in map(product_input, looked_up)} | read


def data_tests(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the data tests of a manifest, sorted by file and name."""
    found = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    return sorted(found, key=lambda node: (node["original_file_path"], node["name"], node["unique_id"]))


@dataclass(frozen=True)
class CompiledTest:
    """The compilation of one data test: its SQL, or why it has none."""

    sql: str | None
    problem: str | None = None


def compiled_tests(place: DbtProjectPlace, manifest: Mapping[str, Any]) -> dict[str, CompiledTest]:
    """Return each data test by its id, compiled without data; cached until a file changes.

    dbt is not even imported for a domain without data tests.
    """
    tests = data_tests(manifest)
    if not tests:
        return {}
    kept, wanted = place.target / "compiled_tests.json", project_fingerprint(place)
    with lock_file(place.target / "compiling.lock"):
        document = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
        if document.get("stamp") != wanted:
            found = _compile(place, [test["unique_id"] for test in tests])
            document = {"stamp": wanted, "tests": {name: asdict(compiled) for name, compiled in found.items()}}
            write_atomically(kept, json.dumps(document))
    return {name: CompiledTest(**entry) for name, entry in document["tests"].items()}


def _compile(place: DbtProjectPlace, tests: list[str]) -> dict[str, CompiledTest]:
    found = _compile_selected(place, tests)
    # A test that does not compile stops dbt, so the others are compiled one by one.
    return found if isinstance(found, dict) else {test: _compile_alone(place, test) for test in tests}


def _compile_alone(place: DbtProjectPlace, test: str) -> CompiledTest:
    found = _compile_selected(place, [test])
    return (
        CompiledTest(None, found)
        if isinstance(found, str)
        else found.get(test, CompiledTest(None, "dbt does not select it"))
    )


def _compile_selected(place: DbtProjectPlace, tests: list[str]) -> dict[str, CompiledTest] | str:
    """Return these tests by their ids, or dbt's message if it cannot compile them, which quotes no data."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    with DBT_LOCK, dbt_environment(place.domain):
        manifest = current_manifest(place)
        selected = select_nodes(manifest, tests)
        outcome = dbtRunner(manifest=manifest).invoke(
            [
                *("compile", *selected, "--no-introspect", "--no-populate-cache", "--no-write-json"),
                *common_arguments(place),
            ]
        )
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not outcome.success:
        return " ".join(str(outcome.exception or "dbt gave no message").split())
    results: Any = outcome.result
    return {result.node.unique_id: CompiledTest(result.node.compiled_code) for result in results}


# --- From a test to a clause -----------------------------------------------------------------------------------------


def find_data_tests(
    place: DbtProjectPlace,
    manifest: Mapping[str, Any],
    compiled: Mapping[str, CompiledTest],
    products: Mapping[str, TestedProduct],
) -> tuple[dict[str, tuple[Clause, ...]], tuple[Fault, ...]]:
    """Return the clauses of each product by its model, and a fault for each test that cannot run before publication.

    `products` are the models that are built; tests of a product that is not built yet, or no longer, are ignored.
    """
    clauses: dict[str, list[Clause]] = {}
    faults: list[Fault] = []
    for test in data_tests(manifest):
        try:
            found = _clause(place, manifest, test, compiled[test["unique_id"]], products)
            if found is not None:
                _add(clauses.setdefault(found[0], []), found[1], products[found[0]].contract)
        except _TestRefused as refused:
            at = (
                place_of_config(place.project, test, refused.key) if refused.key else place_of_test(place.project, test)
            )
            faults.append(Fault(at.file, at.line, TEST, f"data test {test['name']}: {refused}"))
    return {model: tuple(found) for model, found in clauses.items()}, tuple(faults)


class _TestRefused(Exception):
    """A test cannot be a clause; the text says why and what to do."""

    def __init__(self, why: str, key: str | None = None) -> None:
        self.key = key
        super().__init__(why)


def _add(found: list[Clause], clause: Clause, contract: Contract) -> None:
    for other in (*contract.clauses, *found):
        if other.name == clause.name:
            raise _TestRefused(
                f"there is a check {clause.name} already ({other.place}); give the test a name of its own"
            )
    found.append(clause)


def _clause(
    place: DbtProjectPlace,
    manifest: Mapping[str, Any],
    test: Mapping[str, Any],
    compiled: CompiledTest,
    products: Mapping[str, TestedProduct],
) -> tuple[str, Clause] | None:
    """Return the product's model and the clause; None for a test of a product that is not built. Raises _Refused."""
    model = _model(manifest, test)
    name = key_of(manifest, model)
    if name not in products:
        if model["config"]["materialized"] == "product":
            return None
        raise _TestRefused(
            f"it tests {name}, which is no product and is never published; test the product that reads it"
        )
    _check_config(test)
    _check_macros(manifest, test)
    if compiled.sql is None:
        raise _TestRefused(f"dbt cannot compile it: {compiled.problem}")
    tested = products[name]
    text, sources = _with_placeholders(manifest, test, model, compiled.sql, tested)
    return name, _as_clause(place, test, tested.contract, text, sources)


def _model(manifest: Mapping[str, Any], test: Mapping[str, Any]) -> Mapping[str, Any]:
    read = [manifest["nodes"][name] for name in dict.fromkeys(test["depends_on"]["nodes"]) if name in manifest["nodes"]]
    if not read:
        raise _TestRefused("it reads no model of this domain, so there is no product whose publication it could stop")
    if len(read) > 1:
        names = " and ".join(sorted(key_of(manifest, node) for node in read))
        raise _TestRefused(
            f"it needs {names}, but a product is checked before others are built; compare with published rows, "
            "read through source(), that the product reads too"
        )
    return read[0]  # type: ignore[no-any-return]


def _check_config(test: Mapping[str, Any]) -> None:
    for key in test.get("unrendered_config") or {}:
        if key not in _HONOURED and test["config"].get(key) not in (None, False, [], {}, ""):
            raise _TestRefused(f"{key} is set, but {_WHY.get(key, 'it is not honoured here')}", key)


def _check_macros(manifest: Mapping[str, Any], test: Mapping[str, Any]) -> None:
    """Refuse a test that queries the database while it is compiled, since that database is empty."""
    waiting, seen = list(test["depends_on"]["macros"]), set()
    texts = [test["raw_code"]]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in manifest["macros"]:
            continue
        seen.add(name)
        texts.append(manifest["macros"][name]["macro_sql"])
        waiting += manifest["macros"][name]["depends_on"]["macros"]
    if seen.intersection(_READS_DATABASE) or any(_ADAPTER.search(text) for text in texts):
        raise _TestRefused("it queries the database while it is compiled; a test is one query, compiled without data")


def _with_placeholders(
    manifest: Mapping[str, Any], test: Mapping[str, Any], model: Mapping[str, Any], sql: str, tested: TestedProduct
) -> tuple[str, tuple[str, ...]]:
    """Return the compiled SQL with placeholders for the tables that it reads, and the published products among them."""
    text, sources = sql.replace(model["relation_name"], TABLE), []
    for unique_id in dict.fromkeys(test["depends_on"]["nodes"]):
        source = manifest["sources"].get(unique_id)
        if source is None:
            continue
        name = f"{source['source_name']}.{source['name']}"
        found = tested.pinned.get(name)
        if found is None or found.ref == tested.contract.port:
            readable = sorted({item.ref for item in tested.pinned.values()} - {tested.contract.port})
            raise _TestRefused(
                f"it needs {name}, of which no version is pinned for {tested.contract.port}; a test may read "
                "the published products that the model or a relationship of the contract reads: "
                f"{', '.join(readable) or 'none'}"
            )
        text = text.replace(source["relation_name"], placeholder_of(found.ref))
        sources.append(found.ref)
    _check_tables(text, sources)
    return text, tuple(sources)


def _check_tables(text: str, sources: list[str]) -> None:
    """Check that a test reads only what is pinned: no file, and no table by its name."""
    import sqlglot
    from sqlglot import exp

    plain = text.replace(TABLE, "bankmesh__table")
    for number, source in enumerate(sources):
        plain = plain.replace(placeholder_of(source), f"bankmesh__source_{number}")
    try:
        query = sqlglot.parse_one(plain, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        raise _TestRefused("what it compiles to is not a query of DuckDB's SQL") from None
    known = {"bankmesh__table", *(f"bankmesh__source_{number}" for number in range(len(sources)))}
    known |= {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        function = table.this.key if not isinstance(table.this, exp.Identifier) else ""
        if (function and _function_name(table.this) not in _FUNCTIONS) or (
            not function and (table.name not in known or table.db)
        ):
            raise _TestRefused(f"it reads {table.sql(dialect='duckdb')}, of which no version is pinned")


def _function_name(function: Any) -> str:  # noqa: ANN401 - an expression of sqlglot
    name = function.name if function.key == "anonymous" else function.sql_name()
    return str(name).lower().replace("generateseries", "generate_series")


def _as_clause(
    place: DbtProjectPlace, test: Mapping[str, Any], contract: Contract, sql: str, sources: tuple[str, ...]
) -> Clause:
    config, metadata = test["config"], test.get("test_metadata") or {}
    kind = metadata.get("name") or "singular"
    column = test.get("column_name")
    about = f"{kind} of {column}" if column else kind
    return Clause(
        name=re.sub(r"[^A-Za-z0-9_]", "_", test["name"]),
        rule=DbtTest(kind, sql, sources, config["fail_calc"], config["warn_if"], config["error_if"], config["limit"]),
        comparison=None,
        severity=Severity.ERROR if config["severity"].lower() == "error" else Severity.WARNING,
        description=" ".join((test.get("description") or f"Data test of dbt: {about}.").split()),
        dimension=None,
        columns=(column,) if column in {c.name for c in contract.columns} else (),
        whole_table=True,
        place=place_of_test(place.project, test),
    )
