"""dbt's data tests in the gate: the same verdicts as `dbt test`, before publishing, on the table as readers see it."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from dbt_shop import POSITIVE, SINGULAR, load, write
from shop_mesh import LANDINGS, MONTHS, Mesh, settings_in
from shop_workspace import write_exports, write_workspace

from bankmesh.client import DataMeshClient
from bankmesh.contracts.coverage import coverage
from bankmesh.orchestration.assets.asset_specs import check_specs
from bankmesh.orchestration.code_locations import load_location
from bankmesh.products.dbt.dbt_code_versions import model_code_version
from bankmesh.products.dbt.dbt_domain import with_current_tests
from bankmesh.products.dbt.dbt_models import DBT_LOCK, find_models, load_manifest
from bankmesh.products.dbt.faults.configuration_faults import DbtFaults
from bankmesh.products.product_definition import ProductDefinition
from bankmesh.quality.clause_results import GateResult
from bankmesh.settings import Settings
from bankmesh.testing import domain_contract, try_product
from bankmesh.workspace.dbt_project_files import DbtProjectPlace
from bankmesh.workspace.recorded_data_tests import with_data_tests

if TYPE_CHECKING:
    from pathlib import Path

SALES = pl.DataFrame(
    {
        "sale_id": [1, 2, 3, 4],
        "customer_id": [1, 1, 2, 3],
        "sold_on": [date(2024, 1, 5), date(2024, 1, 31), date(2024, 2, 1), date(2024, 3, 15)],
        "amount": pl.Series(["10.00", "20.50", "5.25", "100.00"]).cast(pl.Decimal(18, 2)),
        "voucher": [None, "2", "3", "4"],
        "remark": [None, "secret thanks", "hello", None],
    }
)

MONTHLY_TESTS = """\
    models:
      - name: monthly_sale
        data_tests:
          - positive: {arguments: {column: amount}, name: positive_over_all}
        columns:
          - name: sale_id
            data_tests:
              - unique
              - not_null: {config: {where: "amount > 5"}}
              - accepted_values: {name: fails, arguments: {values: [1], quote: false}}
              - accepted_values:
                  name: warns_by_severity
                  arguments: {values: [1], quote: false}
                  config: {severity: warn}
              - accepted_values:
                  name: warns_by_threshold
                  arguments: {values: [1], quote: false}
                  config: {error_if: "> 3", warn_if: ">= 3"}
              - accepted_values:
                  name: passes_by_threshold
                  arguments: {values: [1], quote: false}
                  config: {error_if: ">3", warn_if: "> 3"}
              - accepted_values:
                  name: warn_ignores_error_if
                  arguments: {values: [1], quote: false}
                  config: {severity: warn, error_if: "> 0", warn_if: "> 100"}
              - accepted_values:
                  name: limited
                  arguments: {values: [1], quote: false}
                  config: {limit: 2, error_if: "> 2", warn_if: "= 2"}
              - accepted_values:
                  name: filtered
                  arguments: {values: [1], quote: false}
                  config: {where: "amount > 6"}
              - accepted_values:
                  name: counted_otherwise
                  arguments: {values: [1], quote: false}
                  config: {fail_calc: "max(n_records)", error_if: "between 1 and 1"}
              - accepted_values:
                  name: sum_of_nothing
                  arguments: {values: [1, 2, 3, 4], quote: false}
                  config: {fail_calc: "sum(n_records)"}
              - positive: {arguments: {column: sale_id}}
          - name: month
            tests:
              - unique: {name: one-sale-a-month}
"""
FILES = {
    "models/shop/products/monthly_sale.yml": MONTHLY_TESTS,
    "macros/shop/positive.sql": POSITIVE,
    "tests/shop/little_month.sql": SINGULAR,
    "tests/shop/generic/any_row.sql": "{% test any_row(model) %}select 1 from {{ model }} having count(*) = 0{% endtest %}",
    "models/shop/products/top_customer.yml": """\
        models:
          - name: top_customer
            data_tests: [any_row]
            columns:
              - name: customer_id
                data_tests:
                  - relationships:
                      name: spent_something
                      arguments: {to: "source('shop', 'customer_spend')", field: customer_id}
              - name: largest_sale_id
                data_tests:
                  - relationships: {name: was_sold, arguments: {to: "source('shop', 'sale')", field: sale_id}}
        """,
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with data tests of all kinds; nothing of it is imported."""
    root = tmp_path_factory.mktemp("data_tests")
    write_workspace(root)
    write(root, FILES)
    return root


@pytest.fixture(scope="module")
def gated(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> GateResult:
    """What the gate finds of the monthly sales."""
    contract = domain_contract(workspace / "domains/shop/src/shop", "monthly_sale")
    trial = try_product(contract, {"till.sale": SALES}, home=tmp_path_factory.mktemp("home"))
    assert trial.publication is None
    return trial.gate


@pytest.fixture(scope="module")
def judged(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `dbt test` itself finds of the same tests on a table of the same rows."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("oracle")
    rows = SALES.with_columns(month=pl.col("sold_on").dt.truncate("1mo")).select(
        "sale_id", "month", "sold_on", "amount"
    )
    rows.write_parquet(folder / "rows.parquet")
    files = {
        "dbt_project.yml": "name: oracle\nprofile: oracle\ntest-paths: [tests]\nmodels: {oracle: {+materialized: table}}\n",
        "profiles.yml": f"oracle: {{target: t, outputs: {{t: {{type: duckdb, path: '{folder}/oracle.duckdb'}}}}}}\n",
        "models/monthly_sale.sql": f"select * from read_parquet('{folder}/rows.parquet')\n",
        "models/monthly_sale.yml": dedent(MONTHLY_TESTS),
        "macros/positive.sql": dedent(POSITIVE),
        "tests/little_month.sql": dedent(SINGULAR),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with DBT_LOCK:
        DuckDBConnectionManager.close_all_connections()
        outcome = dbtRunner().invoke(
            [
                *("build", "--project-dir", str(folder), "--profiles-dir", str(folder), "--quiet"),
                *("--log-level", "none", "--log-level-file", "none"),
            ]
        )
        DuckDBConnectionManager.close_all_connections()
    return {result.node.name: result for result in outcome.result if result.node.resource_type == "test"}


OUTCOMES = {"pass": "passed", "warn": "warned", "fail": "failed", "error": "errored"}
TESTS = (
    *("unique_monthly_sale_sale_id", "not_null_monthly_sale_sale_id", "fails", "warns_by_severity", "sum_of_nothing"),
    *("warns_by_threshold", "passes_by_threshold", "warn_ignores_error_if", "limited", "filtered", "one-sale-a-month"),
    *("counted_otherwise", "positive_over_all", "positive_monthly_sale_sale_id__sale_id", "little_month"),
)


def test_every_outcome_of_dbt_occurs(judged: dict[str, Any]) -> None:
    assert set(judged) == set(TESTS)
    assert {str(result.status) for result in judged.values()} == set(OUTCOMES)


@pytest.mark.parametrize("name", TESTS)
def test_the_gate_says_of_a_test_what_dbt_says(gated: GateResult, judged: dict[str, Any], name: str) -> None:
    (ours,) = [result for result in gated.results if result.clause.name == name.replace("-", "_")]
    theirs = judged[name]
    assert str(ours.outcome) == OUTCOMES[str(theirs.status)], ours.message
    if str(theirs.status) in {"warn", "fail"}:  # dbt reports no failures of a test that passes
        assert ours.observed in {theirs.failures, None}
        assert (ours.observed is None) == (name == "counted_otherwise")


def test_results_hold_counts_and_no_values(gated: GateResult) -> None:
    """`amount` is confidential: what is no count could be one of its values."""
    by_name = {result.clause.name: result for result in gated.results}
    assert by_name["fails"].message == "failures (whole table): 3; fails if != 0."
    assert by_name["warns_by_threshold"].message == "failures (whole table): 3; fails if > 3, warns if >= 3."
    assert by_name["counted_otherwise"].failing_rows is None
    assert "withheld" in by_name["counted_otherwise"].message
    assert "its fail_calc returns null" in by_name["sum_of_nothing"].message


def test_results_survive_a_commit(workspace: Path, gated: GateResult) -> None:
    contract = load(workspace).products["monthly_sale"].contract
    assert GateResult.from_json(gated.to_json(), contract).to_json() == gated.to_json()


def test_each_data_test_is_a_check_of_the_product(workspace: Path) -> None:
    contract = load(workspace).products["monthly_sale"].contract
    specs = {spec.name: spec for spec in check_specs(ProductDefinition(contract, {}, "dbt", "1", ()))}
    assert {name.replace("-", "_") for name in TESTS} < set(specs)
    assert specs["fails"].metadata["looks at"] == "the whole table"
    text = (workspace / "dbt_project/models/shop/products/monthly_sale.yml").read_text().splitlines()
    for name in TESTS:
        file, _, line = specs[name.replace("-", "_")].metadata["contract"].rpartition(":")
        if file.endswith(".yml") and "monthly_sale" not in name:
            assert name in text[int(line) - 1] or name in text[int(line)]


def test_coverage_lists_each_data_test_at_its_own_line(workspace: Path) -> None:
    settings = Settings(root=workspace, home=workspace / "mesh", exports=workspace)
    contracts = with_current_tests([domain_contract(workspace / "domains/shop/src/shop", "monthly_sale")], settings)
    listed = {entry.clause: entry for entry in coverage(contracts[0])}
    assert {f"dbt data test {name.replace('-', '_')}" for name in TESTS} <= set(listed)
    entry = listed["dbt data test little_month"]
    assert (entry.enforced, entry.where) == (True, "gate: check little_month")
    assert entry.place.file == str(workspace / "dbt_project/tests/shop/little_month.sql")


def test_readers_of_contracts_know_the_tests_of_the_last_load(workspace: Path) -> None:
    plain = domain_contract(workspace / "domains/shop/src/shop", "monthly_sale")
    loaded = load(workspace).products["monthly_sale"].contract
    assert with_data_tests([plain], workspace / "mesh") == [loaded]
    assert with_data_tests([plain], workspace / "elsewhere") == [plain]


def test_relationships_look_values_up_in_pinned_products(workspace: Path, tmp_path: Path) -> None:
    contract = domain_contract(workspace / "domains/shop/src/shop", "top_customer")
    spent = pl.DataFrame({"customer_id": [3], "largest_sale_id": [4], "total": [Decimal("1.00")]})
    known = SALES.select("sale_id")
    trial = try_product(contract, {"shop.customer_spend": spent}, references={"shop.sale": known}, home=tmp_path)
    assert (trial.broken, trial.publication is not None) == ((), True)
    assert trial.clause("any_row_top_customer_").clause.rule.kind == "any_row"
    trial = try_product(
        contract, {"shop.customer_spend": spent}, references={"shop.sale": known.head(3)}, home=tmp_path
    )
    assert trial.broken == ("largest_sale_id__references_sale", "was_sold")


KEPT = {
    "models/shop/products/monthly_sale.yml": """\
        models:
          - name: monthly_sale
            columns:
              - name: sold_on
                data_tests: [unique]
        """,
    "tests/shop/four_sales.sql": "select 1 from {{ ref('monthly_sale') }} having count(*) not in (4, 5)\n",
}


def test_tests_of_a_partitioned_product_see_the_partitions_that_are_kept(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    write(tmp_path, KEPT)
    contract = domain_contract(tmp_path / "domains/shop/src/shop", "monthly_sale")
    home = tmp_path / "home"
    assert try_product(contract, {"till.sale": SALES}, home=home).broken == ()
    again = SALES.with_columns(amount=pl.col("amount") * 2)
    one = try_product(contract, {"till.sale": again}, home=home, partitions=("2024-02-01",))
    assert (one.rows.height, one.broken) == (1, ())
    assert one.clause("four_sales").rows == 4
    # March alone holds one sale of the fifteenth; February's run brings another one of a day that March has.
    twice = pl.concat([SALES, SALES.tail(1).with_columns(sale_id=pl.lit(9, pl.Int64))])
    trial = try_product(contract, {"till.sale": twice}, home=home, partitions=("2024-03-01",))
    assert trial.broken == ("unique_monthly_sale_sold_on",)
    assert trial.publication is None


def test_the_code_version_changes_with_a_test(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    write(tmp_path, KEPT)

    def version(product: str) -> str:
        loaded = load(tmp_path)
        node = find_models(loaded.manifest)[product]
        return model_code_version(loaded.manifest, node, loaded.products[product].contract)

    before, other = version("monthly_sale"), version("customer_spend")
    write(tmp_path, {"tests/shop/four_sales.sql": "select 1 from {{ ref('monthly_sale') }} having count(*) <> 4\n"})
    assert version("monthly_sale") != before
    assert version("customer_spend") == other


def test_in_dagster_a_failing_test_keeps_a_version_from_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(write_workspace(tmp_path / "w", "stand")))
    tests = {
        "tests/stand/few_sales.sql": "select * from {{ ref('monthly_sale') }}\n",
        "models/stand/products/m.yml": """\
            models:
              - name: monthly_sale
                columns:
                  - name: sale_id
                    data_tests:
                      - accepted_values:
                          name: known_sales
                          arguments: {values: [1], quote: false}
                          config: {error_if: "> 100"}
            """,
    }
    write(tmp_path / "w", tests)
    settings = settings_in(tmp_path / "w", tmp_path / "m")
    write_exports(settings.exports)
    for name, value in (("ROOT", settings.root), ("HOME", settings.home)):
        monkeypatch.setenv(f"{'BANKMESH' if name == 'ROOT' else 'MESH'}_{name}", str(value))
    monkeypatch.setenv("BANK_DATA", str(settings.exports))
    mesh = Mesh(settings, load_location("stand", "stand.definitions").definitions, "stand")
    run = mesh.run(LANDINGS[0], "monthly_sale", months=(MONTHS[0], MONTHS[-1]))
    assert not run.success
    checks = run.checks("monthly_sale")
    assert (checks["few_sales"].passed, checks["few_sales"].severity.value) == (False, "ERROR")
    # Of severity error, yet within the bound that fails: it warns.
    assert (checks["known_sales"].passed, checks["known_sales"].severity.value) == (False, "WARN")
    assert "few_sales (failed): failures (whole table): 4; fails if != 0." in run.failure("monthly_sale")
    assert "secret" not in str(run.events)
    assert mesh.versions("monthly_sale") == []
    # `mesh products` counts them, though the contract says nothing of them.
    (state,) = [state for state in DataMeshClient().products("stand") if state.contract.name == "monthly_sale"]
    assert (state.checks["failed"], state.checks["warned"], state.checks["errored"]) == (1, 1, 0)


def test_a_project_of_an_earlier_release_has_no_folder_of_tests(tmp_path: Path) -> None:
    """There `test-paths` is empty: generic tests run, and a file in `tests/` that dbt does not read is a fault."""
    write_workspace(tmp_path)
    file = tmp_path / "dbt_project/dbt_project.yml"
    file.write_text(
        file.read_text().replace("test-paths: [\"tests/{{ env_var('BANKMESH_DOMAIN') }}\"]", "test-paths: []")
    )
    write(tmp_path, KEPT)
    with pytest.raises(DbtFaults, match=r"tests/shop/four_sales.sql:1: .* is not read by dbt") as caught:
        load(tmp_path)
    assert len(caught.value.faults) == 1
    shutil.rmtree(tmp_path / "dbt_project/tests")
    names = [clause.name for clause in load(tmp_path).products["monthly_sale"].contract.clauses]
    assert "unique_monthly_sale_sold_on" in names


def test_the_manifest_is_read_by_no_dbt_where_there_are_no_tests(tmp_path: Path) -> None:
    """Compiling tests costs nothing for a domain that has none."""
    write_workspace(tmp_path)
    loaded = load(tmp_path)
    assert not (loaded.place.target / "compiled_tests.json").exists()
    assert load_manifest(DbtProjectPlace(loaded.place.project, "shop", loaded.place.target)) == loaded.manifest
