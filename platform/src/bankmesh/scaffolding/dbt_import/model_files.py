"""Files of models, macros and tests in the domain's own dbt project, with references as they are read there."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from bankmesh.scaffolding.dbt_import.data_test_drafts import data_test_entries
from bankmesh.scaffolding.dbt_import.import_names import column_name
from bankmesh.scaffolding.dbt_import.import_report import ImportFinding
from bankmesh.scaffolding.dbt_import.jinja_references import (
    ModelReference,
    rewrite_config,
    rewrite_references,
)
from bankmesh.scaffolding.dbt_import.yaml_text import write_yaml
from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.scaffolding.dbt_import.data_test_drafts import ModelClauses
    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignModel, ForeignProject
    from bankmesh.scaffolding.dbt_import.import_names import ImportNames
    from bankmesh.scaffolding.dbt_import.table_facts import TableFacts

PRODUCTS = "models/products"
_KEPT_CONFIG = frozenset({"tags", "meta", "docs", "enabled", "event_time", "persist_docs"})
_STEPS = frozenset({"view", "table", "ephemeral"})
_REPLACES_DBT = re.compile(
    r"\{%-?\s*(?:macro\s+(?:\w+__)?generate_(?:schema|alias|database)_name\b|materialization\b).*?"
    r"\{%-?\s*end(?:macro|materialization)\s*-?%\}\n?",
    re.DOTALL,
)
_CONFIG_ACTIONS = {
    "pre-hook": "hooks are not run: a model is one query",
    "post-hook": "hooks are not run: write a check as a clause, and grants as roles of the contract",
    "unique_key": "rows are not merged: every run writes the rows of the query; name the key in the contract",
    "alias": "the platform names the tables of a run",
    "schema": "the platform names the tables of a run",
    "database": "the platform names the tables of a run",
    "grants": "access is decided by contracts and policies: write roles and purposes into the contract",
    "contract": "columns and types are promised by the data contract, which has them",
    "sql_header": "a statement before the query is not run",
    "on_schema_change": "the columns are those of the contract",
    "incremental_strategy": "every run writes all rows; what grows by time is partitioned in the contract",
    "partition_by": "write the custom property partitioning into the contract",
    "access": "a product is read through its port",
    "group": "the owner is the contract's team",
}


def place_of(model: ForeignModel, model_paths: Iterable[str]) -> PurePosixPath:
    """Return the path of a model in the new project: products in one folder, all others where they were."""
    name = f"{model.key}{model.path.suffix}"
    if model.is_product:
        return PurePosixPath(PRODUCTS) / name
    inner = model.path.parent
    for root in model_paths:
        if inner.is_relative_to(root):
            inner = inner.relative_to(root)
            break
    folder = PurePosixPath("steps") / inner if inner.parts[:1] == ("products",) else inner
    return PurePosixPath("models") / folder / name


def model_text(text: str, model: ForeignModel, names: ImportNames) -> str:
    """Return the code of a model with references as they are here, and without settings that are not supported."""

    def keep(key: str, value: str) -> bool:
        if key == "materialized":
            return not model.is_product and value.strip("'\"") in _STEPS
        return key in _KEPT_CONFIG

    rewritten = rewrite_references(text, names.resolve, python=model.is_python)
    return rewritten if model.is_python else rewrite_config(rewritten, keep)


def local_timestamps(facts: TableFacts | None) -> list[str]:
    """Return the columns that hold timestamps without a zone, which a product must not deliver."""
    kinds = facts.columns if facts else {}
    return [column_name(name) for name, kind in kinds.items() if kind.startswith("TIMESTAMP") and "ZONE" not in kind]


def in_utc(text: str, columns: Iterable[str]) -> str:
    """Return the code of a model whose columns of local timestamps are instants: a run's time zone is UTC."""
    replaced = ", ".join(f"cast({sql_name(name)} as timestamptz) as {sql_name(name)}" for name in columns)
    found = re.match(r"\s*\{\{-?\s*config\b.*?\}\}\s*", text, re.DOTALL)
    head = found[0].strip() + "\n\n" if found else ""
    query = (text[found.end() :] if found else text).strip("\n")
    return f"{head}select * replace ({replaced})\nfrom (\n\n{query}\n\n) as imported\n"


def model_findings(text: str, model: ForeignModel) -> Iterator[ImportFinding]:
    """Yield what changes in a model, and what it needs a person for."""
    node, subject = model.node, str(model.path)
    how = node["config"]["materialized"]
    if how not in {*_STEPS, "seed"}:
        action = "every run writes all rows (is_incremental() is false); for a large table write `partitioning`"
        yield ImportFinding("changed", f"materialized: {how}", subject, action)
    settings = {**(node.get("unrendered_config") or {})}
    for key, action in _CONFIG_ACTIONS.items():
        value = settings.get(key) or settings.get(key.replace("-", "_"))
        is_set = bool(value.get("enforced")) if key == "contract" and isinstance(value, dict) else bool(value)
        if is_set:
            yield ImportFinding("changed", key, subject, action)
    if "env_var" in text:
        yield ImportFinding(
            "left out", "env_var()", subject, "write the value under vars in dbt_project.yml, and read var()"
        )
    if re.search(r"\b(?:run_query|statement)\b|\badapter\.", text):
        yield ImportFinding(
            "review", "query while compiling", subject, "there is no data at that time: write the values out"
        )
    if node.get("constraints"):
        yield ImportFinding("changed", "constraints", subject, "the contract's required, unique and key say it")


def macro_text(text: str, names: ImportNames) -> str:
    """Return a file of macros with references as they are here, and without macros that replace dbt's own."""
    return rewrite_references(_REPLACES_DBT.sub("", text), names.resolve)


def macro_findings(text: str, subject: str) -> Iterator[ImportFinding]:
    """Yield the macros that do not come in."""
    for found in _REPLACES_DBT.finditer(text):
        name = re.split(r"[\s(,]+", found[0].lstrip("{%- "), maxsplit=2)[1]
        yield ImportFinding(
            "left out", "macro", f"{name} ({subject})", "the platform names and materializes tables itself"
        )
    if "env_var" in text:
        yield ImportFinding(
            "left out", "env_var()", subject, "write the value under vars in dbt_project.yml, and read var()"
        )


def singular_tests(
    project: ForeignProject, clauses: Mapping[str, ModelClauses], names: ImportNames
) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield path and text of each singular test that reads one product."""
    for unique_id, found in clauses.items():
        model = project.models.get(unique_id)
        for test in found.kept:
            if test.get("test_metadata") or model is None:
                continue
            own = ModelReference("ref", (model.key,))

            def resolve(reference: ModelReference, own: ModelReference = own) -> ModelReference | None:
                return own if reference.function == "ref" else names.resolve(reference)

            text = rewrite_references(test["raw_code"], resolve)
            yield PurePosixPath("tests") / f"{test['name']}.sql", text.rstrip("\n") + "\n"


def properties_text(
    project: ForeignProject, model: ForeignModel, clauses: ModelClauses | None, names: ImportNames
) -> str | None:
    """Return dbt's YAML of a model: the data tests and unit tests that a contract cannot say; None without any."""
    of_model, of_columns = data_test_entries(clauses.kept if clauses else ())
    entry: dict[str, Any] = {"name": model.key}
    entry |= {"data_tests": of_model} if of_model else {}
    if of_columns:
        entry["columns"] = [{"name": column, "data_tests": tests} for column, tests in of_columns.items()]
    unit_tests = list(_unit_tests(project, model, names))
    document: dict[str, Any] = {"models": [entry]} if len(entry) > 1 else {}
    document |= {"unit_tests": unit_tests} if unit_tests else {}
    return write_yaml({"version": 2, **document}) if document else None


def _unit_tests(project: ForeignProject, model: ForeignModel, names: ImportNames) -> Iterator[dict[str, Any]]:
    for test in (project.manifest.get("unit_tests") or {}).values():
        if model.unique_id not in test["depends_on"].get("nodes", ()):
            continue
        given = [
            {
                "input": rewrite_references(f"{{{{ {item['input']} }}}}", names.resolve)[3:-3],
                **_rows(item),
            }
            for item in test.get("given") or ()
        ]
        found: dict[str, Any] = {"name": test["name"], "model": model.key}
        if description := " ".join(str(test.get("description") or "").split()):
            found["description"] = description
        found |= {"given": given, "expect": _rows(test["expect"])}
        overrides = {key: value for key, value in (test.get("overrides") or {}).items() if value}
        yield found | ({"overrides": overrides} if overrides else {})


def _rows(item: Mapping[str, Any]) -> dict[str, Any]:
    written = str(item.get("format") or "dict")
    return {"rows": item.get("rows") or []} if written == "dict" else {"format": written, "rows": item.get("rows")}


def read_text(project: Path, path: PurePosixPath) -> str:
    """Return the text of a file of the foreign project."""
    return (project / path).read_text(encoding="utf-8", errors="replace")
