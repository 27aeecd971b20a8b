"""Reasons why a product's code may give other rows for the same inputs, or its gate another result on the same rows.

`repeatable` in `defs.yaml` overrides these findings: `false` for what is not found here, `true` for what is found and
harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import Expectation, SqlMeasure
from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.products.code.unrepeatable_python import FILES, unrepeatable_python
from bankmesh.products.code.unrepeatable_sql import unrepeatable_sql
from bankmesh.products.dbt.dbt_code_versions import modules_of_models, used_macros
from bankmesh.products.dbt.dbt_models import with_ancestors
from bankmesh.workspace.dbt_project_files import GENERATED_MACROS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path, PurePath

    from bankmesh.contracts.model import Clause, Contract

MARKED = "its defs.yaml says that it is not repeatable"


def find_unrepeatable_transform(
    contract: Contract, files: Iterable[Path], declared: Collection[Path], *, repeatable: bool | None
) -> tuple[str, ...]:
    """Return the reasons for a transform in `files`; it may read the `declared` ones, which its code version covers."""
    found = _in_modules(files)
    if declared:
        found = [reason for reason in found if FILES not in reason]
    return _decide([*found, *_in_clauses(contract)], repeatable=repeatable)


def find_unrepeatable_model(
    manifest: Mapping[str, Any], node: Mapping[str, Any], contract: Contract, *, repeatable: bool | None
) -> tuple[str, ...]:
    """Return the reasons for a product whose model is `node`: that model, those below it, their macros and modules."""
    models = with_ancestors(manifest, node)
    found: list[str] = []
    for model in models:
        read = unrepeatable_python if model["language"] == "python" else unrepeatable_sql
        found += read(model["raw_code"], model["original_file_path"])
    for name in used_macros(manifest, models):
        macro = manifest["macros"][name]
        if f"/{GENERATED_MACROS}/" not in macro["original_file_path"].replace("\\", "/"):
            found += unrepeatable_sql(macro["macro_sql"], macro["original_file_path"])
    found += _in_modules(modules_of_models(models, contract))
    return _decide([*found, *_in_clauses(contract)], repeatable=repeatable)


def _in_modules(files: Iterable[Path]) -> list[str]:
    return [why for file in files for why in unrepeatable_python(file.read_text(encoding="utf-8"), _shown(file))]


def _in_clauses(contract: Contract) -> list[str]:
    return [why for clause in contract.clauses for why in unrepeatable_sql(_text_of(clause), f"clause {clause.name}")]


def _text_of(clause: Clause) -> str:
    if isinstance(clause.rule, SqlMeasure):
        return clause.rule.query
    if isinstance(clause.rule, DbtTest):
        return clause.rule.query
    return repr(clause.rule.arguments) if isinstance(clause.rule, Expectation) else ""


def _shown(file: PurePath) -> str:
    return f"{file.parent.name}/{file.name}"


def _decide(found: list[str], *, repeatable: bool | None) -> tuple[str, ...]:
    if repeatable is None:
        return tuple(found)
    return () if repeatable else (MARKED,)
