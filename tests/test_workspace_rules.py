"""Rules of the house, over every file and every domain of the workspace."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bankmesh.access.registry import load_registry
from bankmesh.access.registry.contract_names import find_contract_name_faults
from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.model import Classification, Status
from bankmesh.orchestration.code_locations import load_location
from bankmesh.workspace.deprecation import deprecation_of
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.location_modules import location_modules
from bankmesh.workspace.workspace_contracts import workspace_contracts

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 400
LARGEST_FILE = 1 << 20
DATA_FILES = {
    ".arrow", ".asc", ".avro", ".csv", ".db", ".duckdb", ".feather", ".gz", ".jsonl", ".parquet", ".sqlite", ".tsv",
    ".xls", ".xlsx", ".zip", ".zst",
}  # fmt: skip
PERSONAL = re.compile(
    r"(full|first|middle|last|family)_?name|birth_?(date|number|day)|date_of_birth|address|postal|zip_?code|phone|e?mail|"
    r"national_id|social_security|^age$|^city$"
)
# Names that the pattern meets, of columns that hold an answer about a person and no contact data.
NOT_CONTACT_DATA = {"marketing_opt_in"}
REQUIRED = (
    ".ci/run", ".gitignore", "Makefile", "bench", "dbt_project/dbt_project.yml",
    "demo_bank/README.md", "demo_bank/pyproject.toml", "docs/decisions", "docs/how-to", "docs/reference/contract.md",
    "platform/pyproject.toml", "platform/src/bankmesh/__init__.py", "pyproject.toml", "requirements.lock", "tests",
    "workspace.yaml",
)  # fmt: skip
REQUIRED_OF_A_DOMAIN = (
    "../../pyproject.toml",
    "../../tests",
    "__init__.py",
    "contracts",
    "definitions.py",
    "defs",
    "defs/operations/defs.yaml",
)


@pytest.fixture(scope="module")
def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    # What is deleted and not yet committed is listed too.
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def contracts():
    found = workspace_contracts(ROOT)
    assert found
    return found


@pytest.fixture(scope="module")
def locations(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MESH_HOME", str(tmp_path_factory.mktemp("mesh")))
        environment.setenv("BANKMESH_ROOT", str(ROOT))
        return [load_location(name, module) for name, module in location_modules(ROOT).items()]


@pytest.fixture(scope="module")
def graph(locations):
    """Every asset of every location → the assets that it reads."""
    edges = {}
    for location in locations:
        assets = location.definitions.resolve_asset_graph()
        for key in assets.get_all_asset_keys():
            name = key.to_user_string()
            edges.setdefault(name, set()).update(parent.to_user_string() for parent in assets.get(key).parent_keys)
    return edges


def find_cycle(edges):
    """A path that ends where it began, or None."""
    done, path = set(), []

    def walk(node):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        path.append(node)
        found = next((cycle for target in sorted(edges.get(node, ())) if (cycle := walk(target))), None)
        path.pop()
        done.add(node)
        return found

    return next((cycle for node in sorted(edges) if (cycle := walk(node))), None)


def test_every_contract_says_who_may_read_the_product_and_for_what(contracts):
    silent = [contract.port for contract in contracts if not (contract.purposes and contract.roles)]
    assert silent == []
    assert find_contract_name_faults(ROOT, contracts) == ()
    named = {role.role for contract in contracts for role in contract.roles}
    assert set(load_registry(ROOT).roles) - named == {"data_owner", "data_steward", "governance_auditor"}


def test_every_column_that_identifies_a_party_says_so(contracts):
    keys = {("retail.party", "party_id")}
    keys |= {
        (contract.port, own)
        for contract in contracts
        for clause in contract.clauses
        if isinstance(clause.rule, MissingReferences)
        for own, aim in zip(clause.rule.columns, clause.rule.target_columns, strict=True)
        if (clause.rule.product, aim) == ("retail.party", "party_id")
    }
    found = {
        (contract.port, name)
        for contract in contracts
        for name, kind in contract.subject_columns.items()
        if kind == "party"
    }
    assert len(keys) > 5
    assert keys - found == set()


def test_the_platform_folder_is_no_package():
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_no_module_is_named_platform_or_utils(tracked):
    named = [path for path in tracked if path.suffix == ".py" and {path.stem, path.parent.name} & {"platform", "utils"}]
    assert [path for path in named if path.parent != ROOT / "platform"] == []


def test_python_files_stay_short(tracked):
    long = {
        str(p.relative_to(ROOT)): n
        for p in tracked
        if p.suffix == ".py" and (n := p.read_bytes().count(b"\n")) > LONGEST_FILE
    }
    assert long == {}


def test_every_domain_is_a_code_location_of_its_own():
    modules = location_modules(ROOT)
    domains = {package.name for package in domain_packages(ROOT)}
    assert domains == {path.name for path in (ROOT / "domains").iterdir() if (path / "pyproject.toml").is_file()}
    assert modules == {domain: f"{domain}.definitions" for domain in domains}


def test_definitions_load_the_components_and_nothing_else():
    for package in domain_packages(ROOT):
        tree = ast.parse((package / "definitions.py").read_text(encoding="utf-8"))
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert [function.name for function in functions] == ["defs"]
        assert len((package / "definitions.py").read_text(encoding="utf-8").splitlines()) <= 15


def test_every_file_and_folder_that_belongs_to_a_workspace_is_there():
    assert [name for name in REQUIRED if not (ROOT / name).exists()] == []
    missing = [
        str(p / name)
        for p in domain_packages(ROOT)
        for name in REQUIRED_OF_A_DOMAIN
        if not (p / name).resolve().exists()
    ]
    assert missing == []


def test_the_asset_graph_of_the_whole_workspace_has_no_cycle(graph, contracts):
    assert {contract.port.replace(".", "/").replace("@", "/v") for contract in contracts} <= set(graph)
    assert find_cycle(graph) is None


def test_a_cycle_would_be_found():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": {"outside"}}) is None
    assert ancestors({"a": {"b"}, "b": {"c", "outside"}, "c": {"a"}, "d": {"a"}}, "a") == {"a", "b", "c", "outside"}


def ancestors(edges, node):
    """Everything that an asset stands on, however far below."""
    found, waiting = set(), [node]
    while waiting:
        new = edges.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_what_feeds_the_customer_view_reads_no_major_of_it(graph):
    majors = {name for name in graph if name.split("/")[:2] == ["retail", "customer_360"]}
    assert majors == {"retail/customer_360", "retail/customer_360/v2"}
    assert {f"customer_service/{name}" for name in ("customer_interaction_history", "sentiment_analysis")} <= ancestors(
        graph, "retail/customer_360/v2"
    )
    assert [major for major in majors if ancestors(graph, major) & majors] == []


def test_a_deprecated_major_has_an_end_known_consumers_and_a_successor_in_force(contracts):
    ending = [deprecation_of(contract) for contract in contracts if contract.status is Status.DEPRECATED]
    assert "retail.customer_360" in {major.port for major in ending}
    in_force = {contract.port for contract in contracts if contract.status is Status.ACTIVE}
    assert [major.port for major in ending if not (major.end_of_support and major.consumers)] == []
    assert [major.port for major in ending if major.replaced_by not in in_force] == []


def test_no_product_reads_a_landing_of_another_domain(graph):
    across = [
        (product, source)
        for product, sources in graph.items()
        for source in sources
        if "/landing/" in source and source.split("/")[0] != product.split("/")[0]
    ]
    assert across == []


def test_every_contract_has_a_product_that_keeps_it(locations, contracts):
    made = {
        k.to_user_string() for at in locations for k in at.definitions.resolve_asset_graph().materializable_asset_keys
    }
    assert [
        c.port for c in contracts if c.status.in_force and c.port.replace(".", "/").replace("@", "/v") not in made
    ] == []


def test_every_column_is_described_and_classified(contracts):
    # Read from the files, so that a default of the reader cannot answer for an author.
    for contract in contracts:
        document = yaml.safe_load(Path(contract.file).read_text(encoding="utf-8"))
        columns = [column for table in document["schema"] for column in table["properties"]]
        bare = [c["name"] for c in columns if not (c.get("description", "").strip() and c.get("classification"))]
        assert (contract.port, bare) == (contract.port, [])


def test_what_identifies_people_is_restricted(contracts):
    personal = [
        (contract.port, column.name, column.classification)
        for contract in contracts
        for column in contract.columns
        if PERSONAL.search(column.name) and column.name not in NOT_CONTACT_DATA
    ]
    assert {name for _, name, _ in personal} >= {"full_name", "birth_date", "address", "phone", "email", "national_id"}
    assert [(port, name) for port, name, level in personal if level is not Classification.RESTRICTED] == []


def test_nothing_tracked_is_large(tracked):
    assert [str(path.relative_to(ROOT)) for path in tracked if path.stat().st_size > LARGEST_FILE] == []


def test_no_data_are_tracked(tracked):
    assert [str(path.relative_to(ROOT)) for path in tracked if path.suffix.lower() in DATA_FILES] == []


def test_every_requirement_is_pinned_with_hashes_and_names_no_index():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host|^-[if] ", text, re.MULTILINE) is None
    blocks = re.split(r"\n(?=[^\s#])", "\n" + text)
    requirements = [block for block in blocks if block.strip() and not block.lstrip().startswith("#")]
    assert len(requirements) > 50
    loose = [
        b.splitlines()[0]
        for b in requirements
        if not re.match(r"[A-Za-z0-9_.\[\]-]+==\S+", b) or "--hash=sha256:" not in b
    ]
    assert loose == []


def test_import_rules_hold_and_cover_every_domain():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for package in domain_packages(ROOT):
        assert text.count(f'"{package.name}"') >= 3, f"{package.name} is not in the import rules"
    program = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    said = outcome.stdout + outcome.stderr
    assert outcome.returncode == 0, said[-3000:]
    assert re.search(r"[1-9][0-9]* kept, 0 broken", said), said[-3000:]
