"""Data tests of a dbt project as clauses of contracts; what a clause cannot say stays a data test of dbt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.scaffolding.dbt_import.import_names import column_name
from bankmesh.scaffolding.dbt_import.import_report import ImportFinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignModel, ForeignProject

_PLAIN = {"where": None, "limit": None, "fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0"}
_UNIQUE_TOGETHER = {"unique_combination_of_columns", "expect_compound_columns_to_be_unique"}


@dataclass
class ColumnClauses:
    """The clauses of one column."""

    required: bool = False
    unique: bool = False
    quality: list[dict[str, Any]] = field(default_factory=list)
    relationships: list[tuple[ForeignModel, str]] = field(default_factory=list)


@dataclass
class ModelClauses:
    """The clauses of one model, and the data tests that stay in dbt."""

    columns: dict[str, ColumnClauses] = field(default_factory=lambda: defaultdict(ColumnClauses))
    quality: list[dict[str, Any]] = field(default_factory=list)
    kept: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> str | None:
        """The first column that is unique and never null."""
        return next((name for name, found in self.columns.items() if found.required and found.unique), None)


def clauses_of_tests(project: ForeignProject) -> tuple[dict[str, ModelClauses], list[ImportFinding]]:
    """Return clauses by the id of the model, seed or source that is tested, and the tests that no clause can say."""
    clauses: dict[str, ModelClauses] = defaultdict(ModelClauses)
    findings: list[ImportFinding] = []
    referred: dict[str, set[str]] = {}
    for test in project.tests:
        tested = _tested(project, test)
        if tested is None:
            findings.append(
                _left_out(test, "it reads several models: write it as a data test of the product that reads them")
            )
            continue
        model = project.models.get(tested)
        if model is not None and not model.is_product:
            action = f"{model.key} is not published: write it as a data test or a clause of a product that reads it"
            findings.append(_left_out(test, action))
        elif (problem := _add(project, clauses[tested], test, model, referred)) is not None:
            findings.append(_left_out(test, problem))
    return clauses, findings


def _tested(project: ForeignProject, test: Mapping[str, Any]) -> str | None:
    if test.get("attached_node"):
        return str(test["attached_node"])
    parents = test["depends_on"].get("nodes", ())
    tested = {*project.models, *(node["unique_id"] for node in (*project.seeds, *project.sources))}
    return str(parents[0]) if len(parents) == 1 and parents[0] in tested else None


def _add(
    project: ForeignProject,
    clauses: ModelClauses,
    test: Mapping[str, Any],
    model: ForeignModel | None,
    referred: dict[str, set[str]],
) -> str | None:
    """Add one test to the clauses of its model; returns what to do instead where that is impossible."""
    metadata = test.get("test_metadata") or {}
    name, arguments = metadata.get("name"), metadata.get("kwargs") or {}
    column = str(test.get("column_name") or arguments.get("column_name") or "").strip('"`')
    others = [parent for parent in test["depends_on"].get("nodes", ()) if parent != test.get("attached_node")]
    if model is None:
        is_strict = _is_plain(test) and _severity(test) != "warn"
        return _add_to_source(clauses, name, column, arguments) if is_strict else _SOURCE_ACTION
    severity = {"severity": "warning"} if _severity(test) == "warn" else {}
    if name == "relationships" and _is_plain(test):
        return _add_relationship(
            project, clauses, model, column, arguments, others, referred, is_warning=bool(severity)
        )
    if others and metadata:
        return "it needs a second model: write it as a data test over what the product reads"
    if not _is_plain(test) or metadata.get("namespace") not in {None, "dbt_utils", "dbt_expectations"}:
        clauses.kept.append(test)
    elif name == "not_null" and not severity:
        clauses.columns[column].required = True
    elif name == "unique" and not severity:
        clauses.columns[column].unique = True
    elif (rule := _rule(name, arguments)) is not None:
        (clauses.columns[column].quality if column else clauses.quality).append(rule | severity)
    else:
        clauses.kept.append(test)
    return None


_SOURCE_ACTION = "it tests a source or seed: write it as a data test or a clause of the product that reads it"


def _add_to_source(clauses: ModelClauses, name: str | None, column: str, arguments: Mapping[str, Any]) -> str | None:
    found = clauses.columns[column]
    if name == "not_null":
        found.required = True
    elif name == "accepted_values" and all(isinstance(value, str) for value in arguments["values"]):
        found.quality.append({"values": list(arguments["values"])})
    else:
        return _SOURCE_ACTION
    return None


def _rule(name: str | None, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    if name == "accepted_values":
        return {"metric": "invalidValues", "arguments": {"validValues": list(arguments["values"])}, "mustBe": 0}
    if name == "not_null":
        return {"metric": "nullValues", "mustBe": 0}
    if name == "unique":
        return {"metric": "duplicateValues", "mustBe": 0}
    if name in _UNIQUE_TOGETHER:
        columns = arguments.get("combination_of_columns") or arguments.get("column_list")
        if isinstance(columns, list) and all(isinstance(column, str) for column in columns):
            names = [column_name(column) for column in columns]
            rule = {"metric": "duplicateValues", "arguments": {"properties": names}, "mustBe": 0}
            return {"id": f"unique_{'_'.join(names)}"} | rule
    return None


def _add_relationship(
    project: ForeignProject,
    clauses: ModelClauses,
    model: ForeignModel,
    column: str,
    arguments: Mapping[str, Any],
    others: list[str],
    referred: dict[str, set[str]],
    *,
    is_warning: bool,
) -> str | None:
    target = project.models.get(others[0]) if others else None
    if target is None or not target.is_product:
        return (
            "it refers to what is not published: publish that, or check it with a data test over what the product reads"
        )
    if is_warning:
        return "a relationship of a contract always blocks; write it there if that is meant"
    if target.unique_id in project.unsupported():
        return f"{target.key} does not come in: check it with a data test over what the product reads"
    if project.reads(target.unique_id, model.unique_id, referred):
        return f"{target.key} depends on {model.key}: check the pair on {target.key}, which reads both"
    referred.setdefault(model.unique_id, set()).add(target.unique_id)
    clauses.columns[column].relationships.append((target, column_name(str(arguments.get("field")))))
    return None


def _is_plain(test: Mapping[str, Any]) -> bool:
    config = test.get("config") or {}
    return all(config.get(key) in {None, value} for key, value in _PLAIN.items())


def _severity(test: Mapping[str, Any]) -> str:
    return str((test.get("config") or {}).get("severity") or "error").lower()


def _left_out(test: Mapping[str, Any], action: str) -> ImportFinding:
    metadata = test.get("test_metadata") or {}
    where = f"{test['name']} ({test['original_file_path']})"
    return ImportFinding("left out", f"data test {metadata.get('name') or 'singular'}", where, action)


def data_test_entries(tests: Iterable[Mapping[str, Any]]) -> tuple[list[Any], dict[str, list[Any]]]:
    """Return generic tests as dbt's YAML writes them: those of the model, and those of its columns."""
    of_model: list[Any] = []
    of_columns: dict[str, list[Any]] = defaultdict(list)
    for test in tests:
        metadata = test.get("test_metadata")
        if not metadata:
            continue
        name = ".".join(filter(None, (metadata.get("namespace"), metadata["name"])))
        arguments = {k: v for k, v in metadata["kwargs"].items() if k not in {"model", "column_name"}}
        config = {
            key: value
            for key, value in (test.get("config") or {}).items()
            if (key in _PLAIN and value not in {None, _PLAIN[key]}) or (key == "severity" and _severity(test) == "warn")
        }
        parts = {"arguments": arguments} if arguments else {}
        parts |= {"config": config} if config else {}
        entry = {name: parts} if parts else name
        column = test.get("column_name")
        (of_columns[str(column)] if column else of_model).append(entry)
    return of_model, dict(of_columns)
