"""What `mesh new` writes passes the checks of the repository: from every product and every landing, in both languages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.settings import Settings
from bankmesh.sources import read_systems
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.workspace_contracts import workspace_contracts

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[1]
KINDS = ("dbt", "polars")


def every_input():
    """Each product, in the domain of its own, and each landing: pairs of domain and name."""
    products = {(c.domain, c.product) for c in workspace_contracts(ROOT) if c.status.has_port}
    landings = {
        (package.name, f"{system.name}.{item.name}")
        for package in domain_packages(ROOT)
        for system in read_systems(package / "sources")
        for item in system.objects
    }
    return sorted(products), sorted(landings)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A copy of the workspace with a product of each kind from every input: its root, and the files by input."""
    root = tmp_path_factory.mktemp("bank")
    for name in ("workspace.yaml", "pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, root / name)
    for name in ("domains", "dbt_project", "policies"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "_ports", "target"))
    platform = root / "platform" / "src" / "bankmesh" / "testing"
    platform.mkdir(parents=True)
    (platform / "__init__.py").touch()  # by which the linter knows what is a package of the repository
    settings = Settings(root=root, home=root / ".mesh", exports=root / "exports")
    files, taken = {}, set()
    products, landings = every_input()
    for domain, source in (*products, *landings):
        for kind in KINDS:
            name = f"{source.partition('.')[2]}_{kind}"
            name = name if f"{domain}.{name}" not in taken else f"{name}_{len(taken)}"
            taken.add(f"{domain}.{name}")
            files[source, kind] = scaffold_product(settings, f"{domain}.{name}", kind, source).files
    return root, files


def run(root, *command):
    packages = [str(package.parent) for package in domain_packages(root)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*packages, *filter(None, sys.path)]),
        "BANKMESH_ROOT": str(root),
        "MESH_HOME": str(root / ".mesh"),
    }
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_there_are_scaffolds_from_products_and_landings_of_every_kind(written):
    _, files = written
    products, landings = every_input()
    assert len(products) > 10
    assert len(landings) > 10
    assert len(files) == 2 * len({*products, *landings})


def test_the_python_of_every_scaffold_passes_ruff(written):
    root, files = written
    python = [path for paths in files.values() for path in paths if path.suffix == ".py"]
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([ruff, *arguments, *python], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]


def test_the_contract_of_every_scaffold_is_read_without_fault(written):
    root, files = written
    assert {contract.name for contract in workspace_contracts(root)} > {
        path.name.partition(".")[0] for paths in files.values() for path in paths if path.name.endswith(".odcs.yaml")
    }


def some_models(files, sources):
    return [path for source in sources for path in files[source, "dbt"] if path.suffix == ".sql"]


def test_the_sql_of_scaffolds_passes_sqlfluff(written):
    root, files = written
    run(root, "-m", "sqlfluff", "lint", *some_models(files, ["core_banking.trans", "retail.account"]))


def files_of_tests(written):
    """Return the files of tests; an object may be named `test`, too."""
    return [path for paths in written for path in paths if path.parent.name == "tests"]


def add_a_column(paths):
    """Add a column of `retail.account` to a dbt product with its key, as a user does."""
    contract = next(path for path in paths if path.name.endswith(".odcs.yaml"))
    model = next(path for path in paths if path.suffix == ".sql")
    column = (
        "      - {name: opened_on, logicalType: date, description: Day., classification: internal, required: true}\n"
    )
    contract.write_text(contract.read_text().replace("    quality:\n", f"{column}    quality:\n"))
    model.write_text(model.read_text().replace("select account_id\n", "select\n    account_id,\n    opened_on\n"))


def test_the_tests_of_scaffolds_pass_also_when_a_column_is_added(written):
    root, files = written
    changed = files["retail.account", "dbt"]
    before = {path: path.read_text() for path in changed}
    add_a_column(changed)
    tests = files_of_tests([changed, files["core_banking.trans", "polars"], files["core_banking.trans", "dbt"]])
    try:
        assert "3 passed" in run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    finally:
        for path, text in before.items():
            path.write_text(text)


@pytest.mark.slow
def test_the_contracts_sql_and_tests_of_every_scaffold_pass(written):
    root, files = written
    run(root, "-c", "from bankmesh.cli.main import main; main()", "contract", "check")
    run(root, "-m", "sqlfluff", "lint", *some_models(files, {source for source, _ in files}))
    tests = files_of_tests(files.values())
    assert len(tests) == len(files)
    assert f"{len(tests)} passed" in run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
