"""dbt's parse errors as faults with file and line.

dbt stops at the first error and seldom names its line, so faults that are found in the files themselves are reported
with it. Its exception classes and messages are not official; `test_dbt_parse_faults.py` fails when they change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.errors import Fault, error_chain
from bankmesh.products.dbt.configuration_lines import line_in, read_yaml
from bankmesh.products.dbt.faults.file_faults import (
    REFERENCE,
    SYNTAX,
    find_reference_faults,
    find_syntax_faults,
)
from bankmesh.products.dbt.faults.project_faults import MACRO, RESOURCE
from bankmesh.products.dbt.faults.reference_hints import Reference, explain_reference, reference_of
from bankmesh.products.dbt.faults.unknown_names import VARIABLE, explain_macro, explain_variable

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.products.dbt.code_files import DbtFiles
    from bankmesh.products.dbt.faults.reference_hints import ReadableNames
    from bankmesh.products.dbt.jinja_calls import Call

PARSE = "dbt-parse"
NAME = "dbt-name"


@dataclass(frozen=True)
class ParseProblem:
    """Why dbt did not parse a project: the class of its exception, its message, and the exception's attributes."""

    kind: str
    message: str
    details: dict[str, Any]

    @property
    def words(self) -> str:
        """The message on one line, without its heading."""
        lines = self.message.splitlines()
        head = lines[0] if lines else ""
        return " ".join(" ".join(lines[1:] if re.match(r"[\w ]+ Error\b", head) and lines[1:] else lines).split())


def problem_of(error: BaseException) -> ParseProblem:
    """Return the problem of dbt's exception: its own message, and the most specific known class in its chain."""
    chain = list(error_chain(error, with_context=True))
    known = [found for found in chain if type(found).__name__ in _EXPLAINED]
    chosen = known[-1] if known else error
    return ParseProblem(type(chosen).__name__, str(error), dict(vars(chosen)))


def find_parse_faults(
    files: DbtFiles, error: BaseException, names: ReadableNames, known: Iterable[Fault] = ()
) -> tuple[Fault, ...]:
    """Return the faults that keep dbt from parsing the project, with all that its files show by themselves.

    `known` are faults that were found before; they are part of the result, which is never empty.
    """
    problem = problem_of(error)
    shown = {*known, *find_syntax_faults(files), *find_reference_faults(files, names)}
    explain = _missing_dispatch if _DISPATCH.search(problem.message) else _EXPLAINED.get(problem.kind, _as_dbt_says)
    explained = tuple(explain(files, problem, names))
    found = shown | {fault for fault in explained if not _is_covered(fault, shown)}
    return tuple(sorted(found or _as_dbt_says(files, problem, names)))


def _is_covered(fault: Fault, shown: Iterable[Fault]) -> bool:
    """Return whether the files show the same fault: dbt's own place and message are less exact."""
    if fault.rule == SYNTAX:
        same = [other for other in shown if other.rule in {SYNTAX, RESOURCE}]
        return any(other.file == fault.file or not fault.line for other in same)
    return fault.rule == REFERENCE and any(other.rule == REFERENCE and other.file == fault.file for other in shown)


# --- What each kind of problem means ---------------------------------------------------------------------------------


def _missing_target(files: DbtFiles, problem: ParseProblem, names: ReadableNames) -> Iterator[Fault]:
    """Explain `... depends on a node named 'party' which was not found`."""
    details = problem.details
    file = _named_file(files, problem.message)
    name, project, version = (details.get(f"target_{key}") for key in ("name", "package", "version"))
    if details.get("target_kind") != "node":
        yield _missing_source(files, file, str(name))
        return
    reference = Reference(str(name), project, None if version is None else str(version))
    places = _places(files, lambda call: reference_of(call) == reference, [file] if file else [])
    places = places or _places(files, lambda call: reference_of(call) == reference, files.macros)
    explained = explain_reference(reference, names)
    if details.get("disabled") and reference.name in names.models:
        explained = f"{reference.written}: the model {reference.name} is disabled; enable it, or read another one"
    for place, line in places or [(file or _folder(files), 1 if file else 0)]:
        yield Fault(str(place), line, REFERENCE, explained)


def _missing_source(files: DbtFiles, file: Path | None, name: str) -> Fault:
    schema, _, table = name.partition(".")
    message = (
        f"source('{schema}', '{table}') is not declared, and its name is computed, so no source is generated for "
        "it; write the names out, or fix them"
    )
    line = line_in(file, r"\bsource\s*\(") if file else 0
    return Fault(str(file or _folder(files)), line, REFERENCE, message)


def _undefined(files: DbtFiles, problem: ParseProblem, names: ReadableNames) -> Iterator[Fault]:
    """Explain `'my_macro' is undefined`: in a macro that a model calls, or in YAML."""
    found = re.search(r"'([\w.]+)' is undefined", problem.message)
    if not found:
        yield from _as_dbt_says(files, problem, names)
        return
    name = found[1]
    calls = [
        Fault(str(file), call.line, MACRO, explain_macro(call.name))
        for file, code in files.readable()
        for call in code.calls
        if name in {call.name, call.name.partition(".")[0]} and name not in code.bound
    ]
    yield from calls
    if not calls:
        file = _named_file(files, problem.message)
        line = line_in(file, rf"\b{re.escape(name)}\b") if file else 0
        yield Fault(str(file or _folder(files)), line, MACRO, explain_macro(name))


def _missing_dispatch(files: DbtFiles, problem: ParseProblem, names: ReadableNames) -> Iterator[Fault]:
    """Explain `In dispatch: No macro named 'x' found`."""
    found = _DISPATCH.search(problem.message)
    name = found[1] if found else None
    places = _places(files, lambda call: call.name == "adapter.dispatch" and call.arguments[:1] == (name,))
    for file, line in places:
        message = f"adapter.dispatch('{name}') finds no macro default__{name} or duckdb__{name}; write one in macros/"
        yield Fault(str(file), line, MACRO, message)
    if not places:
        yield from _as_dbt_says(files, problem, names)


def _missing_variable(files: DbtFiles, problem: ParseProblem, _names: ReadableNames) -> Iterator[Fault]:
    """Explain `Required var 'x' not found in config`, in YAML or in `dbt_project.yml`."""
    found = re.search(r"Required var '([^']+)'", problem.message)
    name = str(problem.details.get("var_name") or (found[1] if found else ""))
    wanted = re.compile(rf"""\bvar\(\s*['"]{re.escape(name)}['"]\s*\)""")
    project = files.place.project / "dbt_project.yml"
    places = [
        (file, text.count("\n", 0, match.start()) + 1)
        for file in (project, *files.yaml)
        for text in [_text(file)]
        for match in wanted.finditer(text)
    ]
    for file, line in places or [(_named_file(files, problem.message) or project, 0)]:
        yield Fault(str(file), line, VARIABLE, explain_variable(name))


def _unreadable(files: DbtFiles, problem: ParseProblem, _names: ReadableNames) -> Iterator[Fault]:
    """Explain a syntax error. Line 0 where dbt names no file: the files themselves show most of them."""
    source = str(problem.details.get("source") or "").strip()
    holding = [file for file in files.yaml if source and source in _text(file)]
    file = _named_file(files, problem.message) or (holding[0] if holding else None)
    if file is None:
        yield Fault(str(_folder(files)), 0, SYNTAX, f"dbt cannot read a file: {problem.words}")
    elif file in holding:
        yield Fault(str(file), line_in(file, re.escape(source)), SYNTAX, f"not valid Jinja: {_problem(problem)}")
    else:
        yield Fault(str(file), _named_line(problem.message) or 1, SYNTAX, f"dbt cannot read this: {problem.words}")


def _problem(problem: ParseProblem) -> str:
    return " ".join(str(problem.details.get("message") or problem.words).split())


def _not_literal(files: DbtFiles, problem: ParseProblem, names: ReadableNames) -> Iterator[Fault]:
    """Explain a Python model whose `dbt.ref()` or `dbt.config()` takes more than literals."""
    places = _places(files, lambda call: None in call.arguments)
    found = [(file, line) for file, line in places if file.suffix == ".py"]
    for file, line in found:
        message = "dbt reads this without running it: write literal texts in dbt.ref(), dbt.source() and dbt.config()"
        yield Fault(str(file), line, SYNTAX, message)
    if not found:
        yield from _as_dbt_says(files, problem, names)


def _missing_environment(files: DbtFiles, problem: ParseProblem, names: ReadableNames) -> Iterator[Fault]:
    """Explain `Env var required but not provided: 'DAY'`."""
    name = problem.details.get("var")
    places = _places(files, lambda call: call.name == "env_var" and call.arguments[:1] == (name,))
    for file, line in places:
        message = f"the environment variable {name} is not set; write the value under vars in dbt_project.yml"
        yield Fault(str(file), line, VARIABLE, message)
    if not places:
        yield from _as_dbt_says(files, problem, names)


def _missing_documentation(files: DbtFiles, problem: ParseProblem, names: ReadableNames) -> Iterator[Fault]:
    """Explain `doc('party')` without a block of that name."""
    name = problem.details.get("target_doc_name")
    places = _places(files, lambda call: call.name == "doc" and name in call.arguments)
    for file, line in places:
        message = (
            f"there is no block {name} of documentation; write {{% docs {name} %}} in a .md file beside the models"
        )
        yield Fault(str(file), line, REFERENCE, message)
    if not places:
        yield from _as_dbt_says(files, problem, names)


def _bad_setting(files: DbtFiles, problem: ParseProblem, names: ReadableNames) -> Iterator[Fault]:
    """Explain `at path ['enabled']: 'maybe' is not of type 'boolean'`, for which dbt names no place."""
    found = re.search(r"at path \['(\w+)'.*?\]: '?([^' ]+)'? is not", problem.message)
    written = rf"""['"]?{found[1]}['"]?\s*[=:]\s*['"]?{re.escape(found[2])}""" if found else "(?!)"
    every = (files.place.project / "dbt_project.yml", *files.models, *files.yaml)
    places = [(file, line) for file in every if (line := line_in(file, written, default=0))]
    for file, line in places:
        yield Fault(str(file), line, PARSE, f"dbt does not accept this setting: {problem.words}")
    if not places:
        yield from _as_dbt_says(files, problem, names)


def _two_of_a_name(files: DbtFiles, problem: ParseProblem, _names: ReadableNames) -> Iterator[Fault]:
    """Explain two models, macros, tests or documentation blocks of one name."""
    first, second = (problem.details.get(f"node_{number}") for number in (1, 2))
    if first is None or second is None:
        yield from _as_dbt_says(files, problem, _names)
        return
    if first.resource_type == "source" or "_ports/" in f"{first.original_file_path} {second.original_file_path}":
        return  # a source written by hand is a fault of its own
    for one, other in ((first, second), (second, first)):
        path = files.place.project / one.original_file_path
        line = (
            line_in(path, rf"\b{re.escape(one.name)}\b") if path.is_file() and path.suffix not in {".sql", ".py"} else 1
        )
        kind = str(one.resource_type)
        message = f"the {kind} {one.name} exists twice; rename this one or the one in {other.original_file_path}"
        yield Fault(str(path), line, NAME, message)


def _two_macros(files: DbtFiles, problem: ParseProblem, _names: ReadableNames) -> Iterator[Fault]:
    macro = problem.details.get("macro")
    name = str(getattr(macro, "name", ""))
    pattern = rf"(macro|test|data_test|materialization)\s+{re.escape(name.removeprefix('test_'))}\b"
    places = [(file, line) for file in files.macros if (line := line_in(file, pattern, default=0))]
    for file, line in places:
        others = ", ".join(other.name for other, _ in places if other != file) or "the same file"
        yield Fault(str(file), line, NAME, f"there are two macros {name}; rename this one or the one in {others}")
    if not places:
        yield from _as_dbt_says(files, problem, _names)


def _described_twice(files: DbtFiles, problem: ParseProblem, _names: ReadableNames) -> Iterator[Fault]:
    """Explain two entries of YAML for one model."""
    patch = problem.details.get("patch_1")
    name = str(getattr(patch, "name", ""))
    places = [
        (file, document.line((key, index)))
        for file in files.yaml
        for document in [read_yaml(file)]
        if isinstance(document.data, dict)
        for key in ("models", "macros", "sources", "analyses")
        for index, entry in enumerate(document.data.get(key) or [])
        if isinstance(entry, dict) and entry.get("name") == name
    ]
    for file, line in places[1:]:
        first, at = places[0]
        where = f"{first.relative_to(files.place.project)}:{at}"
        yield Fault(str(file), line, NAME, f"{name} is described twice; merge this entry with the one in {where}")
    if not places[1:]:
        yield from _as_dbt_says(files, problem, _names)


def _as_dbt_says(files: DbtFiles, problem: ParseProblem, _names: ReadableNames) -> Iterator[Fault]:
    """Report dbt's own message, at the file that it names."""
    file = _named_file(files, problem.message)
    line = (_named_line(problem.message) or _line_of_name(file, problem.words)) if file else 0
    elsewhere = files.place.project / "profiles.yml" if "profile" in problem.words else _folder(files)
    yield Fault(str(file or elsewhere), line, PARSE, f"dbt does not parse this: {problem.words}")


def _line_of_name(file: Path, words: str) -> int:
    """Return the line of the function that the message starts with, or of the first quoted name in the file; else 1."""
    called = re.match(r"(\w+)\(\)", words)
    patterns = [rf"\b{called[1]}\s*\("] if called else []
    patterns += [rf"\b{re.escape(name)}\b" for name in re.findall(r"'([\w.-]{3,})'", words)]
    return next((line for pattern in patterns if (line := line_in(file, pattern, default=0))), 1)


_Explain = Callable[["DbtFiles", ParseProblem, "ReadableNames"], "Iterator[Fault]"]
_EXPLAINED: dict[str, _Explain] = {
    "TargetNotFoundError": _missing_target,
    "DocTargetNotFoundError": _missing_documentation,
    "RequiredVarNotFoundError": _missing_variable,
    "EnvVarMissingError": _missing_environment,
    "DuplicateResourceNameError": _two_of_a_name,
    "DuplicateMacroInPackageError": _two_macros,
    "DuplicatePatchPathError": _described_twice,
    "PythonLiteralEvalError": _not_literal,
    **dict.fromkeys(("UndefinedMacroError", "UndefinedError"), _undefined),
    **dict.fromkeys(("SchemaConfigError", "ModelConfigError", "ConfigUpdateError", "DictParseError"), _bad_setting),
    **dict.fromkeys(
        (
            *("TemplateSyntaxError", "YamlLoadError", "ParserError", "ScannerError", "PythonParsingError"),
            *("BlockDefinitionNotAtTopError", "MissingCloseTagError", "MissingControlFlowStartTagError"),
            *("NestedTagsError", "UnexpectedControlFlowEndTagError", "UnexpectedMacroEOFError"),
        ),
        _unreadable,
    ),
}


# --- Where -----------------------------------------------------------------------------------------------------------

_DISPATCH = re.compile(r"In dispatch: No macro named '(\w+)'")
_PATH = re.compile(r"[\w./@+-]+\.(?:sql|py|ya?ml|md|csv)\b")
_LINE = re.compile(r"\bline (\d+)")
_NODE = re.compile(r"\bmodel\.\w+\.(\w+)")


def _named_file(files: DbtFiles, message: str) -> Path | None:
    """Return the file of the project that dbt's message names.

    That is the innermost one, as in `> in macro x (macros/x.sql)`, else the first one, else that of the first model.
    """
    inner: list[str] = re.findall(r"> in [^(\n]*\(([^)\n]+)\)", message)
    bases = (files.place.project, *files.place.folders("model-paths"))
    paths = [*inner, *(found[0] for found in _PATH.finditer(message))]
    for path in paths:
        for file in (base / path for base in bases):
            if file.is_file():
                return file
    models = {file.stem: file for file in files.models}
    return next((models[found[1]] for found in _NODE.finditer(message) if found[1] in models), None)


def _named_line(message: str) -> int:
    """Return the line that dbt's message names; 0 if it names none."""
    found = _LINE.search(message)
    return int(found[1]) if found else 0


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _places(
    files: DbtFiles, wanted: Callable[[Call], bool], among: Iterable[Path] | None = None
) -> list[tuple[Path, int]]:
    """Return file and line of each matching call, in all readable files or in those given."""
    only = None if among is None else set(among)
    return [
        (file, call.line)
        for file, code in files.readable()
        if only is None or file in only
        for call in code.calls
        if wanted(call)
    ]


def _folder(files: DbtFiles) -> Path:
    """Return the place of a problem that names no file: the folder of the domain's models."""
    folders = files.place.folders("model-paths")
    return folders[-1] if folders else files.place.project
