"""Code versions of dbt products: a hash over files, macros, variables and packages that decide rows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.products.code.code_versions import fingerprint_texts, imported_modules
from bankmesh.products.dbt.dbt_models import PACKAGES, SETTINGS, with_ancestors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.contracts.model import Contract


def model_code_version(manifest: Mapping[str, Any], node: Mapping[str, Any], contract: Contract) -> str:
    """Return a hash that changes with the code of the model or of a model below it, and with all that it depends on.

    That is: a macro or a module of the domain that they use, their configuration, the variables that these read, the
    profile, the installed packages if they use one, a data test of the product, and the contract.
    """
    models = with_ancestors(manifest, node)
    macros = used_macros(manifest, models)
    configured = [json.dumps(model["config"], sort_keys=True, default=str) for model in models]
    in_macros = any(_DESCRIPTION.search(manifest["macros"][name]["macro_sql"]) for name in macros)
    configured += [_described(model) for model in models if in_macros or _DESCRIPTION.search(model["raw_code"])]
    code = [*(model["raw_code"] for model in models), *(manifest["macros"][name]["macro_sql"] for name in macros)]
    texts = [contract.text, *code[: len(models)], *configured, *code[len(models) :]]
    settings = dict(manifest.get(SETTINGS, {}))
    packages = _used_packages(manifest, models, macros)
    if not packages and "vars" in settings:
        settings["vars"] = _used_variables(settings["vars"], code)
    texts.append(json.dumps({key: value for key, value in settings.items() if value}, sort_keys=True, default=str))
    texts += [repr((c.name, c.severity, c.rule)) for c in contract.clauses if isinstance(c.rule, DbtTest)]
    modules = [file.read_text(encoding="utf-8") for file in modules_of_models(models, contract)]
    return fingerprint_texts([*texts, *modules, *packages])


# Code that reads `model.description` or `model.columns` can put a model's YAML into its rows.
_DESCRIPTION = re.compile(r"\bmodel\b")


def _described(model: Mapping[str, Any]) -> str:
    return json.dumps({key: model.get(key) for key in ("description", "columns", "meta")}, sort_keys=True, default=str)


def modules_of_models(models: Iterable[Mapping[str, Any]], contract: Contract) -> list[Path]:
    """Return the domain's own modules that Python models import."""
    package = Path(contract.file).resolve().parents[1]
    codes = [model["raw_code"] for model in models if model["language"] == "python"]
    return sorted({file for code in codes for file in imported_modules(code, package)})


# --- Macros ----------------------------------------------------------------------------------------------------------

# A macro call whose name is known only at run time: `context['net']`, `adapter.dispatch(name)`.
_DYNAMIC = re.compile(r"\bcontext\s*[\[.]|\bdispatch\s*\(\s*(?![\s'\"])")


def used_macros(manifest: Mapping[str, Any], models: list[dict[str, Any]]) -> list[str]:
    """Return the macros that models depend on, without dbt's own; all of them if a call cannot be resolved."""
    found = macro_closure(manifest, models)
    texts = [*(model["raw_code"] for model in models), *(manifest["macros"][name]["macro_sql"] for name in found)]
    is_known = not any(map(_DYNAMIC.search, texts)) and not _dispatches(manifest)
    if not is_known or any(_is_of_package(manifest, name) for name in found):
        return sorted(name for name in manifest["macros"] if _counts(manifest, name))
    return sorted(found)


def _dispatches(manifest: Mapping[str, Any]) -> bool:
    """Return whether the project lets packages replace macros, dbt's own too, although no model names them."""
    return "dispatch" in manifest.get(SETTINGS, {})


def macro_closure(manifest: Mapping[str, Any], models: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the macros of the project and its packages that models depend on, directly or not, by their ids."""
    own = manifest["metadata"]["project_name"]
    start = [macro for model in models for macro in model["depends_on"].get("macros", ())]
    # Not among a model's dependencies, but code that makes the product: the materialisation and the inputs.
    always = (f"macro.{own}.materialization_", f"macro.{own}.open_inputs")
    waiting = [*start, *(name for name in manifest["macros"] if name.startswith(always))]
    named = _macros_by_word(manifest)
    # dbt records what it calls while parsing; a call behind `if execute`, or by another name, is only a word.
    waiting += [macro for model in models for macro in _mentioned(model["raw_code"], named)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found and name in manifest["macros"] and _counts(manifest, name):
            found.add(name)
            macro = manifest["macros"][name]
            waiting += [*macro["depends_on"]["macros"], *_mentioned(macro["macro_sql"], named)]
    return found


_WORD = re.compile(r"\w+")
_PREFIX = re.compile(r"^(?:default|duckdb)__")


def _macros_by_word(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the ids of the project's and packages' macros by the word that a call or a dispatch writes."""
    found: dict[str, list[str]] = {}
    for unique_id, macro in manifest["macros"].items():
        if _counts(manifest, unique_id):
            found.setdefault(_PREFIX.sub("", macro["name"]), []).append(unique_id)
    return found


def _mentioned(code: str, named: Mapping[str, list[str]]) -> list[str]:
    return [macro for word in set(_WORD.findall(code)) & named.keys() for macro in named[word]]


def _counts(manifest: Mapping[str, Any], macro: str) -> bool:
    """Return whether a macro is the project's own or an installed package's; dbt's own belong to its release."""
    return macro.split(".")[1] == manifest["metadata"]["project_name"] or _is_of_package(manifest, macro)


def _is_of_package(manifest: Mapping[str, Any], macro: str) -> bool:
    return macro.split(".")[1] in manifest.get(PACKAGES, {})


def _used_packages(manifest: Mapping[str, Any], models: list[dict[str, Any]], macros: Iterable[str]) -> list[str]:
    """Return the settings of all installed packages if a model or macro is of one: packages call one another."""
    packages: Mapping[str, str] = manifest.get(PACKAGES, {})
    is_used = any(model["package_name"] in packages for model in models)
    is_used = is_used or _dispatches(manifest) or any(_is_of_package(manifest, macro) for macro in macros)
    return [text for name in sorted(packages) for text in (name, packages[name])] if is_used else []


# --- Variables -------------------------------------------------------------------------------------------------------

_VARIABLE = re.compile(r"\bvar\b(?:\s*\.\s*has_var)?\s*\(\s*(['\"])(?P<name>[^'\"]+)\1\s*[,)]|\bvar\b")


def _used_variables(declared: Any, texts: Iterable[str]) -> Any:  # noqa: ANN401 - any YAML value
    """Return the part of `vars` that code reads by name, in any scope; all of it if a name is not a literal."""
    names: set[str] = set()
    for text in texts:
        for found in _VARIABLE.finditer(text):
            if found["name"] is None:
                return declared
            names.add(found["name"])
    if not isinstance(declared, dict):
        return declared
    kept = {name: value for name, value in declared.items() if name in names}
    scopes = {name: value for name, value in declared.items() if name not in names and isinstance(value, dict)}
    scoped = {scope: {name: found[name] for name in found if name in names} for scope, found in scopes.items()}
    return kept | {scope: found for scope, found in scoped.items() if found}
