"""Files of a new product, which can be built unchanged: it starts with all columns of a landing, or a product's key."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from textwrap import wrap
from typing import TYPE_CHECKING

from bankmesh.access.errors import PolicyFaults
from bankmesh.access.registry import load_registry
from bankmesh.access.registry.registry_load import lists_own_roles
from bankmesh.contracts.parsing.access_clauses import SUBJECT
from bankmesh.errors import UnknownName
from bankmesh.names import SNAKE_CASE
from bankmesh.scaffolding.scaffold_input import CannotScaffold, find_input
from bankmesh.sql_text import sql_name
from bankmesh.workspace.dbt_project_files import find_dbt_project, product_folder
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.model import ColumnType
    from bankmesh.scaffolding.key_proposal import ProposedKey
    from bankmesh.scaffolding.scaffold_input import InputColumn, ScaffoldInput
    from bankmesh.settings import Settings

__all__ = [
    "KINDS",
    "CannotScaffold",
    "NewProduct",
    "ScaffoldedProduct",
    "check_product_name",
    "plan_files",
    "scaffold_product",
    "write_files",
]

KINDS = ("dbt", "polars")
_LINE = 120


@dataclass(frozen=True)
class NewProduct:
    """The requested product: `domain.name`, of a kind, reading `source`; `readers` are comments about its readers."""

    domain: str
    name: str
    kind: str
    source: ScaffoldInput
    readers: str = ""


@dataclass(frozen=True)
class ScaffoldedProduct:
    """The files that were written, and the key of the product.

    `permission` says what the owner of its input must do first; empty if nothing.
    """

    files: list[Path]
    key: ProposedKey
    permission: str = ""


def scaffold_product(settings: Settings, product: str, kind: str, source: str | None = None) -> ScaffoldedProduct:
    """Write a new product's files.

    `source` is a product, or a landing of the domain as `system.object`; without it, the domain's first product. Raises
    UnknownName for a domain or source that does not exist, CannotScaffold for an invalid or existing name.
    """
    domain, dot, name = product.partition(".")
    packages = {path.name: path for path in domain_packages(settings.root)}
    if not dot:
        raise CannotScaffold(f"{product} names no domain. Write DOMAIN.{product}; domains: {', '.join(packages)}.")
    if domain not in packages:
        raise UnknownName("domain", domain, packages)
    check_product_name(name)
    package = packages[domain]
    found = find_input(settings, domain, package, source)
    models = product_folder(find_dbt_project(settings.root, package), domain)
    planned = plan_files(NewProduct(domain, name, kind, found, readers_comment(settings.root)), package, models)
    write_files(planned)
    return ScaffoldedProduct(list(planned), found.key, _permission(product, domain, found))


def _permission(product: str, domain: str, source: ScaffoldInput) -> str:
    if source.domain in {"", domain}:
        return ""
    return f"First the owner of {source.reference} lists {product} under `consumers` of its contract."


def readers_comment(root: Path) -> str:
    """Return comments for a contract: who reads a product that lists nobody, and whom it could list."""
    said = (
        "Owners and stewards of the domain read it for stewardship. To let others read it, write roles (role, "
        "access: read) and the custom property purposes."
    )
    lines = [line for text in (said, *_known_readers(root)) for line in wrap(text, _LINE - 4, break_on_hyphens=False)]
    return "".join(f"  # {line}\n" for line in lines)


def _known_readers(root: Path) -> tuple[str, ...]:
    if not lists_own_roles(root):
        return ("This workspace lists no roles yet: policies/roles.yaml and policies/purposes.yaml do.",)
    try:
        registry = load_registry(root)
    except PolicyFaults:  # `mesh contract check` reports them
        return ()
    return f"Roles: {', '.join(registry.roles)}.", f"Purposes: {', '.join(registry.purposes)}."


def check_product_name(name: str) -> None:
    """Raise CannotScaffold for a name that no product may have."""
    if not SNAKE_CASE.fullmatch(name) or re.search(r"_v\d+$", name):
        rule = (
            "use lower-case letters, digits and single underscores, without a suffix such as _v2, which denotes a major"
        )
        raise CannotScaffold(f"{name!r} is not a valid product name: {rule}.")


def plan_files(new: NewProduct, package: Path, models: Path) -> dict[Path, str]:
    """Return the files of a new product with their text, a dbt model in the folder `models`; writes nothing."""
    values = _values(new)
    contract = package / "contracts" / f"{new.name}.odcs.yaml"
    planned = {contract: _render("contract.odcs.yaml", values)}
    if new.kind == "polars":
        folder = package / "defs" / new.name
        planned |= {
            folder / "defs.yaml": _render("defs.yaml", values),
            folder / "transform.py": _render("transform.py", values),
        }
    else:
        planned[models / f"{new.name}.sql"] = _render("model.sql", values)
    tests = package.parents[1] / "tests"
    planned[tests / f"test_{new.name}.py"] = _render(f"test_{new.kind}.py", values)
    return planned


def write_files(planned: dict[Path, str]) -> None:
    """Write the planned files. Raises CannotScaffold, and writes nothing, if one of the files already exists."""
    there = [os.path.relpath(path) for path in planned if path.exists()]
    if there:
        exist = "exists already" if len(there) == 1 else "exist already"
        raise CannotScaffold(f"Nothing written: {', '.join(there)} {exist}. Choose another name.")
    for path, text in planned.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _render(name: str, values: dict[str, str]) -> str:
    text = files("bankmesh.scaffolding").joinpath("templates", f"{name}.tmpl").read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _values(new: NewProduct) -> dict[str, str]:
    source = new.source
    columns, keys = [column.name for column in source.columns], list(source.key.columns)
    positions = {name: position for position, name in enumerate(keys, start=1)}
    return {
        "domain": new.domain,
        "name": new.name,
        "owner": f"{new.domain}-data",
        "product_type": source.product_type,
        "readers_comment": new.readers,
        "table_description": _one_line(source.description),
        "grain": " and ".join(keys) or f"row of {source.reference}",
        "key_comment": _key_comment(source),
        "columns": "".join(_column(column, positions.get(column.name)) for column in source.columns),
        "parameter": source.parameter,
        "source": source.reference,
        "source_id": f"{source.schema}.{source.table}",
        "source_domain": source.schema,
        "source_name": source.table,
        "column_list": _python_list("COLUMNS", columns),
        "keys": f"{_python_list('KEYS', keys)}\n" if keys else "",
        "sort": ".sort(KEYS)" if keys else "",
        "select_list": select_columns(columns),
        "order": f"\norder by {', '.join(map(sql_column, keys))}" if keys else "",
        "comparison": _comparison("KEYS", keys),
        "transform_comparison": _comparison("transform.KEYS", keys),
        "package": new.domain,
    }


def _comparison(constant: str, keys: Sequence[str]) -> str:
    """Return what a test asserts about the rows; it holds whatever columns are added."""
    if not keys:
        return "trial.rows.height == rows.height"
    return f"trial.rows.select({constant}).equals(rows.select({constant}).sort({constant}))"


def _key_comment(source: ScaffoldInput) -> str:
    """Return what the contract says about the key: where it comes from or, without one, how to declare it."""
    advice = "" if source.key.columns else " Mark the columns that name a row with primaryKey: true."
    return f"    # {source.key}{advice}\n"


def _python_list(name: str, items: Sequence[str]) -> str:
    """Return a list as a Python constant, formatted as the formatter does."""
    quoted = ", ".join(f'"{item}"' for item in items)
    line = f"{name} = [{quoted}]"
    return line if len(line) <= _LINE else f"{name} = [\n" + "".join(f'    "{item}",\n' for item in items) + "]"


def select_columns(columns: Sequence[str]) -> str:
    """Return a `select` as the rules of the linter have it: one column in its line, several in a line each."""
    names = [sql_column(name) for name in columns]
    return f"select {names[0]}" if len(names) == 1 else "select\n    " + ",\n    ".join(names)


def sql_column(name: str) -> str:
    """Return a column as SQL reads it: quoted if it is a word of DuckDB's that is read as something else."""
    return sql_name(name) if name in _reserved_words() else name


@cache
def _reserved_words() -> frozenset[str]:
    import duckdb

    query = "select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')"
    return frozenset(word for (word,) in duckdb.sql(query).fetchall()) | _FUNCTIONS_WITHOUT_BRACKETS


_FUNCTIONS_WITHOUT_BRACKETS = frozenset(
    {
        "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
        "current_user", "localtime", "localtimestamp", "session_user", "user",
    }
)  # fmt: skip


def _column(column: InputColumn, key_position: int | None) -> str:
    logical, physical = _odcs_type(column.type)
    lines = [f"      - name: {column.name}", f"        logicalType: {logical}"]
    lines += [f"        physicalType: {physical}"] if physical else []
    if column.type.item is not None:
        logical, physical = _odcs_type(column.type.item)
        lines += ["        items:", f"          logicalType: {logical}"]
        lines += [f"          physicalType: {physical}"] if physical else []
    lines += [
        f"        description: {_one_line(column.description)}",
        f"        classification: {column.classification.label}",
    ]
    if key_position is not None:
        lines += ["        primaryKey: true", f"        primaryKeyPosition: {key_position}"]
    lines += ["        required: true"] if column.required else []
    properties = {"allowNaN": "true"} if column.allows_nan else {}
    properties |= {SUBJECT: column.subject} if column.subject else {}
    lines += ["        customProperties:"] if properties else []
    for name, value in properties.items():
        lines += [f"          - property: {name}", f"            value: {value}"]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return '"' + " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _odcs_type(kind: ColumnType) -> tuple[str, str | None]:
    logical = {"long": "integer", "integer": "integer", "double": "number", "decimal": "number"}.get(
        kind.name, kind.name
    )
    physical = {"integer": "integer", "double": "double", "decimal": str(kind)}.get(kind.name)
    return logical, physical
