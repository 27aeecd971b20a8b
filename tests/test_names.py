"""Rules of names and imports that a program can check: modules, packages and classes."""

import ast
import re
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PLATFORM = ROOT / "platform/src/bankmesh"
NOUNS = {"landing", "parsing", "scaffolding", "testing", "warning"}
SHARED = {"__init__.py", "errors.py", "model.py", "tables.py"}
MODULES_OF_A_PACKAGE = 18
LISTED = re.compile(r"^(?: {4})?([a-z_]+(?:, [a-z_]+)*) {2,}\S", re.MULTILINE)
ONE_MODULE_FOR_EACH_COMMAND = {"cli"}


@pytest.fixture(scope="module")
def modules():
    found = sorted(PLATFORM.rglob("*.py"))
    assert len(found) > 300
    return found


def test_a_module_is_named_for_what_it_holds_and_not_for_what_it_does(modules):
    named = {path.stem for path in modules} | {path.parent.name for path in modules if path.name == "__init__.py"}
    last_words = {name.rpartition("_")[2] for name in named}
    assert {word for word in last_words if word.endswith("ing")} == NOUNS


def test_one_name_finds_one_file(modules):
    places = defaultdict(list)
    for path in modules:
        places[path.name].append(str(path.relative_to(PLATFORM)))
    assert {name: found for name, found in places.items() if len(found) > 1 and name not in SHARED} == {}


def test_one_name_finds_one_class(modules):
    places = defaultdict(list)
    for path in modules:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PLATFORM)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_packages_stay_small(modules):
    sizes = defaultdict(int)
    for path in modules:
        if path.name != "__init__.py" and "migrations" not in path.parts:
            sizes[path.parent.relative_to(PLATFORM).as_posix()] += 1
    for package in ONE_MODULE_FOR_EACH_COMMAND:
        sizes.pop(package)
    assert {package: size for package, size in sizes.items() if size > MODULES_OF_A_PACKAGE} == {}


def test_packages_say_what_they_hold(modules):
    silent = [
        path for path in modules if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_packages_list_modules_that_exist(modules):
    unknown = {}
    for path in (path for path in modules if path.name == "__init__.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        listed = [name for names in LISTED.findall(text) for name in names.split(", ")]
        there = {name for name in listed if (path.parent / f"{name}.py").exists() or (path.parent / name).is_dir()}
        if there and there != set(listed):
            unknown[str(path.relative_to(PLATFORM))] = sorted(set(listed) - there)
    assert unknown == {}


@pytest.mark.parametrize("package", ["bankmesh", "bench", "demo_bank", "customer_service", "investment", "retail"])
def test_no_module_imports_itself_by_way_of_others(package, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))  # for `bench`
    graph = grimp.build_graph(package, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(list(TopologicalSorter(imports).static_order())) == len(graph.modules)


def test_private_names_of_libraries_are_listed_with_the_test_that_notices(modules):
    page = (ROOT / "docs/decisions/private-names.md").read_text(encoding="utf-8")
    used = {
        alias.name
        for path in modules
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and "._" in (node.module or "")
        for alias in node.names
    }
    assert len(used) > 30
    assert {name for name in used if f"`{name}`" not in page} == set()
    named = set(re.findall(r"`([\w/]*test_\w+\.py)`", page))
    assert {name for name in named if not list(ROOT.glob(f"platform/tests/**/{Path(name).name}"))} == set()
