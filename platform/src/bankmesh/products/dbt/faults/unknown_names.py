"""Faults of undefined names in models, tests and macros: found at load, where dbt would fail in a run.

dbt parses a call of a missing macro, or a variable without value, and fails when a run compiles the model. Code is read
here without running it: names in a branch that is never taken count too, and names that are computed are missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import Fault
from bankmesh.products.dbt.configuration_lines import place_of_test
from bankmesh.products.dbt.dbt_models import SETTINGS
from bankmesh.products.dbt.faults.file_faults import REFERENCE
from bankmesh.products.dbt.faults.project_faults import MACRO
from bankmesh.products.dbt.jinja_calls import CodeUnreadable, read_jinja

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bankmesh.products.dbt.jinja_calls import Call, ParsedCode
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

VARIABLE = "dbt-variable"

CONTEXT = frozenset(
    {"_sql_results", "adapter", "adapter_macro", "api", "column", "compiled_code", "config"}
    | {"context_macro_stack", "database", "dbt_metadata_envs", "dbt_version", "defer_relation"}
    | {"diff_of_two_dicts", "env", "env_var", "exceptions", "execute", "flags", "fromjson", "fromyaml", "function"}
    | {"graph", "invocation_args_dict", "invocation_id", "load_agate_table", "load_result", "local_md5", "log"}
    | {"metric", "model", "modules", "post_hooks", "pre_hooks", "print", "project_name", "ref", "render", "return"}
    | {"run_started_at", "schema", "selected_resources", "set", "set_strict", "source", "sql", "sql_now"}
    | {"store_raw_result", "store_result", "submit_python_job", "target", "this", "thread_id", "tojson", "toyaml"}
    | {"try_or_compiler_error", "validation", "var", "write", "zip", "zip_strict"}
)
"""Names that dbt defines for every model and macro; `test_dbt_names.py` compares them with dbt's own classes."""
_JINJA = frozenset(
    {"builtins", "caller", "context", "cycler", "dict", "joiner", "kwargs", "lipsum", "loop", "namespace"}
    | {"range", "self", "super", "varargs"}
)
_PLATFORM_VARIABLES = frozenset({"bankmesh"})
"""Variables that the platform sets in every run."""
_ALL_MODELS = (
    "graph holds all models of the project, so a change of any of them could change these rows under the same code "
    "version, and a run has no graph; name what is read with ref() or source()"
)


def explain_macro(name: str, known: Mapping[str, frozenset[str]] | None = None) -> str:
    """Return what to do about a missing macro, such as `dbt_utils.star`; `known` are the existing ones, by package."""
    package, _, macro = name.rpartition(".")
    of_package = (known or {}).get(package, frozenset())
    what = f"generic test {macro.removeprefix('test_')}" if macro.startswith("test_") else f"macro {macro}"
    if package and of_package:
        return f"the package {package} has no {what}.{nearest(macro, of_package)}"
    if package:
        return f"there is no package {package}, so there is no {what} of it; install it, or write one in macros/"
    near = nearest(macro, of_package)
    called = f"package.{macro.removeprefix('test_')}"
    return f"there is no {what}.{near} Write it in macros/; one of an installed package is called {called}"


def explain_variable(name: str) -> str:
    """Return what to do about a variable that has no value."""
    default = f"var('{name}', ...)"
    return f"var('{name}') has no value: declare {name} under vars in dbt_project.yml, or write a default: {default}"


def find_name_faults(place: DbtProjectPlace, manifest: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Return faults of undeclared variables, and of missing macros and packages, in all code of the domain's nodes."""
    names = _Names(place, manifest)
    found = [fault for piece in names.pieces() for fault in _faults_of(piece, names)]
    return tuple(sorted(set(found)))


@dataclass(frozen=True)
class _Piece:
    """A model, test or macro: its code, and its place. A test in YAML has one line for all its names."""

    file: Path
    code: ParsedCode
    offset: int = 0
    line: int | None = None

    def at(self, line: int) -> int:
        return self.line or line + self.offset


@dataclass(frozen=True)
class _Names:
    """The names that code of the domain's own project can use."""

    place: DbtProjectPlace
    manifest: Mapping[str, Any]

    @property
    def own(self) -> str:
        """The name of the project."""
        return str(self.manifest["metadata"]["project_name"])

    @cached_property
    def macros(self) -> dict[str, frozenset[str]]:
        """Macros by package; those that need no package's name under an empty text."""
        found: dict[str, set[str]] = {"": set(), self.own: set(), "dbt": set()}
        of_dbt = {"dbt", f"dbt_{self.manifest['metadata']['adapter_type']}"}
        for macro in self.manifest["macros"].values():
            package = macro["package_name"]
            found.setdefault(package, set()).add(macro["name"])
            if package in of_dbt:
                found["dbt"].add(macro["name"])
            if package in of_dbt or package == self.own:
                found[""].add(macro["name"])
        return {package: frozenset(names) for package, names in found.items()}

    @cached_property
    def variables(self) -> frozenset[str]:
        """Variables that have a value in the project's own models."""
        declared = self.manifest.get(SETTINGS, {}).get("vars") or {}
        own = declared.get(self.own)
        return _PLATFORM_VARIABLES | frozenset(declared) | frozenset(own if isinstance(own, dict) else ())

    def pieces(self) -> Iterator[_Piece]:
        """Yield the code of the project's own models and tests, and of its macros that they use."""
        for node in self.manifest["nodes"].values():
            if node["package_name"] == self.own and node["language"] == "sql":
                yield from self._node(node)
        for macro in self._used_macros():
            file = self.place.project / macro["original_file_path"]
            text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
            before = text[: max(text.find(macro["macro_sql"]), 0)].count("\n")
            yield from _piece(file, macro["macro_sql"], offset=before)

    def _node(self, node: Mapping[str, Any]) -> Iterator[_Piece]:
        file = self.place.project / node["original_file_path"]
        if file.suffix == ".sql" and file.is_file():
            # The manifest's copy lacks blank lines at its start, so its line numbers differ.
            yield from _piece(file, file.read_text(encoding="utf-8", errors="replace"))
        elif node["resource_type"] == "test":
            at = place_of_test(self.place.project, node)
            yield from _piece(file, node["raw_code"], line=at.line)

    def _used_macros(self) -> list[Mapping[str, Any]]:
        """Return the project's own macros that a model or test uses, directly or not."""
        every = self.manifest["macros"]
        waiting = [name for node in self.manifest["nodes"].values() for name in node["depends_on"]["macros"]]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found and name in every:
                found.add(name)
                waiting += every[name]["depends_on"]["macros"]
        return [every[name] for name in sorted(found) if every[name]["package_name"] == self.own]


def _piece(file: Path, text: str, offset: int = 0, line: int | None = None) -> Iterator[_Piece]:
    try:
        yield _Piece(file, read_jinja(text), offset, line)
    except CodeUnreadable:
        return  # dbt has parsed it, so a fault in it is dbt's to report


def _faults_of(piece: _Piece, names: _Names) -> Iterator[Fault]:
    file = str(piece.file)
    guarded = any(call.name == "var.has_var" for call in piece.code.calls)
    for call in piece.code.calls:
        if call.name == "var" and not guarded and _lacks_value(call, names):
            yield Fault(file, piece.at(call.line), VARIABLE, explain_variable(str(call.arguments[0])))
        elif not _is_known(call.name, piece.code, names):
            yield Fault(file, piece.at(call.line), MACRO, explain_macro(call.name, names.macros))
    for name, line in piece.code.attributes.items():
        if not _is_known(name, piece.code, names) and name not in names.macros:
            yield Fault(file, piece.at(line), MACRO, f"{name} is not defined in dbt's context; set it, or pass it in")
    if "graph" in piece.code.lines and "graph" not in piece.code.bound:
        yield Fault(file, piece.at(piece.code.lines["graph"]), REFERENCE, _ALL_MODELS)


def _lacks_value(call: Call, names: _Names) -> bool:
    name = call.arguments[0] if len(call.arguments) == 1 and not call.keywords else None
    return isinstance(name, str) and name not in names.variables


def _is_known(name: str, code: ParsedCode, names: _Names) -> bool:
    """Return whether a called name is a macro, one of dbt's own names, or one that the code sets itself."""
    first, _, rest = name.partition(".")
    if first in code.bound or first in CONTEXT or first in _JINJA:
        return True
    if not rest:
        return first in names.macros[""]
    return first in names.macros[""] or rest in names.macros.get(first, frozenset())
