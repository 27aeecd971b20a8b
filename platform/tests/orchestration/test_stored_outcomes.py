"""Outcomes of checks, read from the event log's index without Dagster: the same as Dagster reads there."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from event_samples import _report as report
from shop_workspace import contract_text

from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.orchestration.asset_keys import contract_key
from bankmesh.orchestration.history import stored_outcomes
from bankmesh.orchestration.history.check_events import LoggedChecks
from bankmesh.orchestration.history.stored_outcomes import existing_outcomes
from bankmesh.orchestration.instance import open_instance, prepare_dagster_home
from bankmesh.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Contract

WARN = dg.AssetCheckSeverity.WARN
OUTCOMES = ["passed", "warned", "failed", "errored", "passed", "failed", "passed"]


def _settings(folder: Path) -> Settings:
    return Settings(root=folder, home=folder / "a home #1", exports=folder / "exports")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an event log that has no events, since making one takes a second."""
    settings = _settings(tmp_path_factory.mktemp("empty"))
    with open_instance(settings) as instance:
        assert instance.event_log_storage.get_maximum_record_id() is None
    return settings.home


@pytest.fixture
def settings(empty: Path, tmp_path: Path) -> Settings:
    settings = _settings(tmp_path)
    shutil.copytree(empty, settings.home)
    return settings


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    file = tmp_path / "sale.odcs.yaml"
    file.write_text(contract_text("sale"))
    return read_contract(file)


@pytest.fixture
def without_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where the event log would be read through Dagster."""
    monkeypatch.delattr(stored_outcomes, "existing_checks")


def _fill(settings: Settings, contract: Contract, outcomes: list[str] = OUTCOMES) -> dict[str, list[str]]:
    """Evaluate one clause after another, each twice; return what Dagster reads."""
    with open_instance(settings) as instance:
        for clause, outcome in zip(contract.clauses, outcomes, strict=False):
            for at_last in (False, True):
                _evaluate(instance, contract, clause.name, outcome if at_last else "failed")
        return LoggedChecks(instance).latest_outcomes([contract])


def _evaluate(instance: dg.DagsterInstance, contract: Contract, check: str, outcome: str) -> None:
    metadata = {"outcome": outcome, "rows looked at": 10}
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(contract_key(contract), check, passed=outcome == "passed", metadata=metadata)
    )


def _read(settings: Settings, contract: Contract) -> dict[str, list[str]]:
    outcomes = existing_outcomes(settings)
    assert outcomes is not None
    return outcomes.latest_outcomes([contract])


@pytest.mark.usefixtures("without_dagster")
def test_the_newest_outcome_of_each_clause_is_that_which_dagster_reads(settings, contract) -> None:
    in_dagster = _fill(settings, contract)
    assert sorted(in_dagster["shop.sale"]) == sorted(OUTCOMES)
    assert _read(settings, contract)["shop.sale"] == OUTCOMES


@pytest.mark.usefixtures("without_dagster")
def test_checks_of_other_code_have_the_outcome_of_dagster(settings, contract) -> None:
    names = [clause.name for clause in contract.clauses[:3]]
    with open_instance(settings) as instance:
        for name, passed, severity in zip(names, (True, False, False), (WARN, WARN, None), strict=True):
            made = {"severity": severity} if severity else {}
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(contract_key(contract), name, passed=passed, **made)
            )
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(contract_key(contract), "of_no_clause", passed=True)
        )
        in_dagster = LoggedChecks(instance).latest_outcomes([contract])
    assert _read(settings, contract) == {"shop.sale": ["passed", "failed", "failed"]}
    assert sorted(in_dagster["shop.sale"]) == ["failed", "failed", "passed"]


@pytest.mark.usefixtures("without_dagster")
def test_a_run_that_has_not_evaluated_a_check_yet_leaves_its_last_outcome(settings, contract) -> None:
    _fill(settings, contract, ["warned"])
    with open_instance(settings) as instance:
        for clause in contract.clauses[:2]:
            planned = AssetCheckEvaluationPlanned(asset_key=contract_key(contract), check_name=clause.name)
            report(instance, "a-run", time.time(), "ASSET_CHECK_EVALUATION_PLANNED", planned)
        in_dagster = LoggedChecks(instance).latest_outcomes([contract])
    assert _read(settings, contract) == in_dagster == {"shop.sale": ["warned"]}


@pytest.mark.usefixtures("without_dagster")
def test_what_another_process_has_just_committed_is_read_while_it_keeps_the_log_open(settings, contract) -> None:
    _fill(settings, contract, ["failed"])
    with open_instance(settings) as instance:
        _evaluate(instance, contract, contract.clauses[0].name, "passed")
        assert _read(settings, contract) == {"shop.sale": ["passed"]}
        _evaluate(instance, contract, contract.clauses[0].name, "errored")
        assert LoggedChecks(instance).latest_outcomes([contract]) == {"shop.sale": ["errored"]}


def test_a_storage_that_dagster_yaml_names_is_read_through_dagster(settings, contract, tmp_path) -> None:
    _fill(settings, contract, ["failed"])
    file = prepare_dagster_home(settings) / "dagster.yaml"
    file.write_text(f"{file.read_text()}\nstorage:\n  sqlite:\n    base_dir: {tmp_path / 'elsewhere'}\n")
    assert _fill(settings, contract, ["passed"]) == {"shop.sale": ["passed"]}
    assert _read(settings, contract) == {"shop.sale": ["passed"]}


def test_an_outcome_in_another_form_is_read_through_dagster(settings, contract) -> None:
    _fill(settings, contract, ["failed"])
    with open_instance(settings) as instance:
        made = {"outcome": dg.MetadataValue.md("warned")}
        check = contract.clauses[0].name
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(contract_key(contract), check, passed=False, metadata=made)
        )
    assert _read(settings, contract) == {"shop.sale": ["warned"]}


@pytest.mark.usefixtures("without_dagster")
def test_a_home_without_events_has_no_outcomes(settings, contract) -> None:
    assert _read(settings, contract) == {}


def test_there_are_no_outcomes_before_the_first_run_and_nothing_is_created(tmp_path) -> None:
    settings = _settings(tmp_path)
    assert existing_outcomes(settings) is None
    assert not settings.home.exists()
