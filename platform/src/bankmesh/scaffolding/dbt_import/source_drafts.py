"""Source declarations for the seeds and sources of a dbt project, with types from the data, and their landing steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.scaffolding.dbt_import.class_flow import propose_class
from bankmesh.scaffolding.dbt_import.import_names import column_name, snake_case
from bankmesh.scaffolding.dbt_import.import_report import ImportFinding
from bankmesh.scaffolding.dbt_import.table_facts import (
    TableFacts,
    all_match,
    distinct_spellings,
    promised_type,
    read_writing,
)
from bankmesh.scaffolding.dbt_import.yaml_text import proposed, write_yaml
from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import duckdb

    from bankmesh.contracts.model import Classification
    from bankmesh.scaffolding.dbt_import.import_names import ImportNames

_TRUE, _FALSE = {"true", "t", "1", "yes", "y"}, {"false", "f", "0", "no", "n"}
_DATE_FORMATS = {
    "%Y-%m-%d": r"\d{4}-\d{2}-\d{2}",
    "%Y-%-m-%-d": r"\d{4}-\d{1,2}-\d{1,2}",
    "%Y/%-m/%-d": r"\d{4}/\d{1,2}/\d{1,2}",
    "%-d.%-m.%Y": r"\d{1,2}\.\d{1,2}\.\d{4}",
}


@dataclass(frozen=True)
class SourceTable:
    """A seed or source with its file and the facts of the table that plain dbt made of it."""

    node: Mapping[str, Any]
    file: Path | None
    facts: TableFacts
    required: frozenset[str] = frozenset()
    allowed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shapes: Mapping[str, Mapping[str, float]] = field(default_factory=dict, hash=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, as the file spells them."""
        return tuple(self.facts.columns)

    def documented(self, column: str) -> Mapping[str, Any]:
        """Return what the dbt project says of a column."""
        columns: Mapping[str, Any] = self.node.get("columns") or {}
        return next((found for name, found in columns.items() if name.lower() == column.lower()), {})

    def class_of(self, column: str) -> Classification:
        """Return the proposed class of a column."""
        return propose_class(column, self.documented(column), self.shapes.get(column))


def declaration_text(
    connection: duckdb.DuckDBPyConnection, names: ImportNames, system: str, tables: Iterable[SourceTable]
) -> str:
    """Return `sources/<system>.yaml` for the tables of one system."""
    found = list(tables)
    first = found[0].node
    is_seed = first["resource_type"] == "seed"
    described = f"Seeds of the dbt project {names.project.name}." if is_seed else first.get("source_description")
    loader = first.get("loader")
    fallback = f"Source {first.get('source_name')} of the dbt project {names.project.name}."
    document: dict[str, Any] = {
        "system": system,
        "description": _line(described) or fallback + (f" Loaded by {loader}." if loader else ""),
        "owner": proposed(f"{names.domain}-data", "the team that owns the system"),
        "folder": system,
        "objects": {names.object(table.node)[1]: _object(connection, table) for table in found},
    }
    return write_yaml(document)


def landing_step_text(names: ImportNames, table: SourceTable) -> str:
    """Return the model that reads a landing with the columns and types that plain dbt has."""
    system, name = names.object(table.node)
    items = [
        f"    cast({sql_name(snake_case(column))} as {kind.lower()}) as {sql_name(column_name(column))}"
        for column, kind in table.facts.columns.items()
    ]
    return "\n".join(["select", ",\n".join(items), f"from {{{{ source('{system}', '{name}') }}}}", ""])


def source_findings(names: ImportNames, table: SourceTable) -> Iterable[ImportFinding]:
    """Yield what to review about one table."""
    subject = ".".join(names.object(table.node))
    if table.file is None:
        action = "no file of it was found, so its types are those of schema.yml; deliver it and check them"
        yield ImportFinding(
            "review", "source without data", subject, f"{action} (`--data FOLDER` names the folder of files)"
        )
    for column, kind in table.facts.columns.items():
        if promised_type(kind) is None:
            action = f"{kind} has no counterpart; it lands as text and is cast back in {names.landing_step(table.node)}"
            yield ImportFinding("review", "type", f"{subject}.{column}", action)
        elif kind == "DOUBLE":
            action = "dbt reads it as a double; declare decimal(p,s) and cast it in the models if it is an amount"
            yield ImportFinding("review", "type", f"{subject}.{column}", action)


def _object(connection: duckdb.DuckDBPyConnection, table: SourceTable) -> dict[str, Any]:
    node = table.node
    name = table.file.name if table.file else f"{node.get('identifier') or node['name']}.csv"
    found: dict[str, Any] = {
        "description": _line(node.get("description")) or f"One row of {node['name']}.",
        "files": [name],
    }
    if not table.facts.rows:
        found["may_be_empty"] = True
    if name.endswith(".parquet"):
        return found | {"format": {"kind": "parquet"}, "columns": {c: _column(table, c, {}) for c in table.columns}}
    declared = (node.get("config") or {}).get("delimiter")
    delimiter = declared if isinstance(declared, str) else None
    if table.file is None:
        spelled: dict[str, dict[str, Any]] = {}
        found |= {"missing": [""]}
    else:
        written = read_writing(connection, table.file, delimiter)
        how: dict[str, Any] = {"delimiter": written.delimiter, "quote": written.quote, "encoding": "utf-8"}
        how |= {"encoding": "utf-8-sig"} if written.marked else {}
        how |= {"multiline": True} if written.multiline else {}
        found |= {"format": how, "missing": [""]}
        delimiter = written.delimiter
        spelled = {
            column: _spelling(connection, table.file, delimiter, column, kind)
            for column, kind in table.facts.columns.items()
        }
    return found | {"columns": {column: _column(table, column, spelled.get(column, {})) for column in table.columns}}


def _column(table: SourceTable, column: str, spelled: Mapping[str, Any]) -> dict[str, Any]:
    kind = promised_type(table.facts.columns[column])
    found: dict[str, Any] = {"type": kind.declared if kind else "string", **spelled}
    if found["type"] in {"date", "timestamp"} and table.file is None:
        found["format"] = "%Y-%m-%d" if found["type"] == "date" else "iso8601"
    if column in table.required:
        found["required"] = True
    if found["type"] == "string" and "codes" not in found:
        allowed = dict(table.allowed).get(column)
        found |= {"codes": {value: value for value in allowed}} if allowed else {}
    if (name := snake_case(column)) != column:
        found["as"] = name
    described = _line(table.documented(column).get("description"))
    level = table.class_of(column)
    return found | {
        "classification": proposed(level.label, "by name and values"),
        "description": described or f"Column {column} of {table.node['name']}.",
    }


def _spelling(
    connection: duckdb.DuckDBPyConnection, file: Path, delimiter: str, column: str, kind: str
) -> dict[str, Any]:
    """Return how the values of a column are written in its file, where the type needs it."""
    declared = promised_type(kind)
    if declared is None or declared.declared in {"string", "long", "double"} or declared.declared.startswith("dec"):
        return {}
    if declared.declared == "timestamp":
        return {"format": "iso8601"}
    if declared.declared == "boolean":
        spellings = distinct_spellings(connection, file, delimiter, column, 20)
        if set(spellings) <= {"true", "false"}:
            return {}
        codes = {text: text.lower() in _TRUE for text in spellings if text.lower() in _TRUE | _FALSE}
        return {"codes": codes}
    matching = (
        form for form, pattern in _DATE_FORMATS.items() if all_match(connection, file, delimiter, column, pattern)
    )
    return {"format": next(matching, "%Y-%m-%d")}


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
