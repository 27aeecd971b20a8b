"""Python code that can give other rows for the same inputs: the clock, chance, the machine, files, the network.

A name is enough to count: a wrong finding only costs another build. What a library does inside is not examined; its
users declare it in `defs.yaml` (`repeatable: false`).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOCK, CHANCE, MACHINE = "the clock", "chance", "the machine"
FILES, NETWORK, CODE = "files that are no input", "the network", "code that only a run knows"

_MODULES = {
    "time": CLOCK,
    "random": CHANCE,
    "secrets": CHANCE,
    "uuid": CHANCE,
    "os": MACHINE,
    "platform": MACHINE,
    "getpass": MACHINE,
    "multiprocessing": MACHINE,
    "subprocess": MACHINE,
    "glob": FILES,
    "io": FILES,
    "shutil": FILES,
    "tempfile": FILES,
    "sqlite3": FILES,
    "fsspec": FILES,
    "s3fs": NETWORK,
    "gcsfs": NETWORK,
    "adlfs": NETWORK,
    "boto3": NETWORK,
    "socket": NETWORK,
    "ssl": NETWORK,
    "http": NETWORK,
    "urllib": NETWORK,
    "urllib3": NETWORK,
    "requests": NETWORK,
    "httpx": NETWORK,
    "aiohttp": NETWORK,
    "ftplib": NETWORK,
    "paramiko": NETWORK,
    "sqlalchemy": NETWORK,
    "psycopg": NETWORK,
    "psycopg2": NETWORK,
    "oracledb": NETWORK,
    "pyodbc": NETWORK,
    "pymongo": NETWORK,
    "redis": NETWORK,
    "runpy": CODE,
    "pickle": CODE,
}
_ATTRIBUTES = {
    "now": CLOCK,
    "utcnow": CLOCK,
    "today": CLOCK,
    "random": CHANCE,
    "rand": CHANCE,
    "randn": CHANCE,
    "randint": CHANCE,
    "randperm": CHANCE,
    "uuid4": CHANCE,
    "environ": MACHINE,
    "getenv": MACHINE,
    "read_text": FILES,
    "read_bytes": FILES,
    "iterdir": FILES,
    "rglob": FILES,
    "get_data": FILES,
    "open": FILES,
    "connect": NETWORK,
    "import_module": CODE,
}
_CALLS = {
    "open": FILES,
    "input": MACHINE,
    # The hash of a text differs between processes.
    "hash": CHANCE,
    "id": CHANCE,
    "exec": CODE,
    "eval": CODE,
    "compile": CODE,
    "__import__": CODE,
}
_READERS = ("read_", "scan_")
_ENGINES = {"polars", "pandas", "duckdb", "pyarrow", "deltalake"}
_SEEDED = ("sample", "shuffle", "permutation")
# Of scikit-learn and similar libraries: without a seed they draw new random numbers each time.
_FITTED = (
    *(
        "AdaBoost",
        "Bagging",
        "DecisionTree",
        "ExtraTree",
        "GradientBoosting",
        "HistGradientBoosting",
        "IsolationForest",
    ),
    *(
        "KMeans",
        "MLP",
        "MiniBatch",
        "RandomForest",
        "RandomizedSearch",
        "SGD",
        "ShuffleSplit",
        "StratifiedShuffleSplit",
    ),
    *("TSNE", "train_test_split", "LGBM", "XGB", "CatBoost"),
)


def unrepeatable_python(code: str, where: str) -> tuple[str, ...]:
    """Return the findings in a module, as `transform.py:3 depends on the clock (datetime.now)`, in order of line."""
    found = sorted(set(_find(ast.parse(code))))
    return tuple(f"{where}:{line} depends on {kind} ({name})" for line, kind, name in found)


def _find(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    hidden = _only_for_types(tree)
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from _imported(node.lineno, [alias.name for alias in node.names])
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from _imported(node.lineno, [node.module or ""])
            yield from _from(node.module or "", node)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node)
        elif isinstance(node, ast.Call):
            yield from _call(node)


def _imported(line: int, modules: list[str]) -> Iterator[tuple[int, str, str]]:
    for module in modules:
        kind = CHANCE if "random" in module.split(".") else _MODULES.get(module.partition(".")[0])
        if kind is not None:
            yield line, kind, module


def _from(module: str, node: ast.ImportFrom) -> Iterator[tuple[int, str, str]]:
    reads_files = module.partition(".")[0] in _ENGINES
    for alias in node.names:
        if kind := _ATTRIBUTES.get(alias.name):
            yield node.lineno, kind, alias.name
        elif reads_files and alias.name.startswith(_READERS):
            yield node.lineno, FILES, alias.name


def _attribute(node: ast.Attribute) -> Iterator[tuple[int, str, str]]:
    kind = _ATTRIBUTES.get(node.attr)
    if kind is None and node.attr.startswith(_READERS):
        kind = FILES
    if kind is not None:
        yield node.lineno, kind, ast.unparse(node)[-40:]


def _call(node: ast.Call) -> Iterator[tuple[int, str, str]]:
    if isinstance(node.func, ast.Name) and (kind := _CALLS.get(node.func.id)):
        yield node.lineno, kind, node.func.id
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    written = name or (node.func.id if isinstance(node.func, ast.Name) else "")
    if (name in _SEEDED or written.startswith(_FITTED)) and not any(map(_may_be_seed, node.keywords)):
        yield node.lineno, CHANCE, written
    if name == "default_rng" and not node.args:
        yield node.lineno, CHANCE, name
    for keyword in node.keywords:
        if keyword.arg in {"random_state", "seed"} and _is_none(keyword.value):
            yield node.lineno, CHANCE, f"{keyword.arg}=None"


def _may_be_seed(keyword: ast.keyword) -> bool:
    """Return whether a keyword is a seed, or `**settings`, which may hold one."""
    return keyword.arg in {"seed", "random_state", None} and not _is_none(keyword.value)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _only_for_types(tree: ast.Module) -> set[int]:
    """Return the nodes below `if TYPE_CHECKING:`, which no run executes."""
    guards = (node for node in ast.walk(tree) if isinstance(node, ast.If) and _names(node.test, "TYPE_CHECKING"))
    return {id(inner) for guard in guards for branch in guard.body for inner in ast.walk(branch)}


def _names(test: ast.expr, name: str) -> bool:
    return isinstance(test, ast.Name | ast.Attribute) and ast.unparse(test).split(".")[-1] == name
