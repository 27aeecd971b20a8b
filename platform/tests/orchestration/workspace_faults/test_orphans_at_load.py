"""A contract, object or component that is gone stops what needs it, and nothing else of any code location.

`vault.ledger` is read by two products of the domain `booth`: `week` (Polars) and `first_hour` (dbt).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_failures import Failures
from shop_mesh import LANDINGS, Mesh, Run
from vault_workspace import LEDGER, OTHERS, READERS, Two

from bankmesh.names import port_of_table
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.products.orphaned_products import OrphanedInput, refuse_orphaned_inputs


def _publish(two: Two) -> None:
    booth = two.mesh()
    assert booth.run("till.hour", *OTHERS).success
    assert two.mesh("vault").run("ledger").success
    assert booth.run(*READERS).success


def _refused(run: Run, mesh: Mesh, versions: list[int]) -> dict[str, str]:
    """Why each reader of the ledger failed; nothing of it is published, and everything else is."""
    assert {name: mesh.versions(name) for name in READERS} == dict.fromkeys(READERS, versions)
    assert set(run.materialised()) >= set(OTHERS)
    return {name: run.failure(name) for name in READERS}


def test_a_contract_of_another_domain_that_is_faulty_renamed_or_gone_stops_its_consumers_alone(two: Two) -> None:
    _publish(two)
    contract = two.root / LEDGER
    sound = contract.read_text()

    contract.write_text(sound.replace("status: active", "status: asleep"))
    mesh = two.mesh()
    failures = _refused(mesh.run(*OTHERS, *READERS), mesh, [0])
    for name, failure in failures.items():
        assert failure.startswith(f"booth.{name} reads vault.ledger, but its contract has faults ({LEDGER}:7: ")
        assert failure.endswith("Fix them: `mesh contract check`.")
    assert two.rules() == {(LEDGER, "bad-status")}

    contract.write_text(sound)
    contract.rename(contract.with_name("ledgers.odcs.yaml"))
    mesh = two.mesh()
    failures = _refused(mesh.run(*OTHERS, *READERS), mesh, [0])
    for name, failure in failures.items():
        assert failure == (
            f"booth.{name} reads vault.ledger, but there is no contract of it ({LEDGER}). Did you mean vault.ledgers? "
            "Restore the contract, or read another product."
        )
    assert two.rules() == {
        ("products/first_hour.sql", "unknown-input"),
        ("defs/week/defs.yaml", "unknown-input"),
        (LEDGER, "port-without-contract"),
        ("domains/vault/src/vault/defs/ledger/defs.yaml", "unknown-contract"),
        (LEDGER.replace("ledger.", "ledgers."), "file-name"),
    }


def test_a_contract_that_is_gone_before_anything_was_published_stops_its_consumers_alone(two: Two) -> None:
    (two.root / LEDGER).unlink()
    mesh = two.mesh()
    failures = _refused(mesh.run("till.hour", *OTHERS, *READERS), mesh, [])
    assert all("reads vault.ledger, but there is no contract of it" in failure for failure in failures.values())


@pytest.mark.parametrize("name", ["ledger_v1", "Ledger"])
def test_a_source_that_only_looks_like_a_product_is_not_taken_for_it(two: Two, name: str) -> None:
    two.edit("products/first_hour.sql", "'ledger'", f"'{name}'")
    reader = two.mesh().product("first_hour")
    with pytest.raises(OrphanedInput) as refused:
        refuse_orphaned_inputs(reader.contract, reader.inputs.values())
    assert str(refused.value).startswith(
        f"booth.first_hour reads vault.{name}, but there is no contract of it (domains/vault/src/vault/contracts/{name}."
    )


def test_an_input_that_only_a_macro_names_is_refused_and_reported_too(two: Two) -> None:
    macro = "{% macro archive() %}{{ source('vault', 'archive') }}{% endmacro %}\n"
    macros = two.root / "dbt_project/macros/booth"
    macros.mkdir(parents=True)
    (macros / "archive.sql").write_text(macro)
    two.edit("products/first_hour.sql", "source('vault', 'ledger')", "archive()")
    run = two.mesh().run("till.hour", "opening_hour", "first_hour")
    assert run.materialised()[-1] == "opening_hour"
    assert run.failure("first_hour").startswith("booth.first_hour reads vault.archive, but there is no contract of it")
    [(file, _, rule, message)] = two.found_with_locations()
    assert (file, rule) == ("products/first_hour.sql", "unknown-input")
    assert "booth.first_hour reads vault.archive" in message


def test_a_legacy_object_that_is_declared_no_more_stops_its_consumers_though_it_was_landed(two: Two) -> None:
    assert two.mesh().run(*LANDINGS, "sale", "opening_hour").success
    assert two.mesh().run("monthly_sale", months=("2024-01-01", "2024-04-01")).success
    two.edit("sources/till.yaml", "  sale:\n", "  sales:\n")
    mesh = two.mesh()
    run = mesh.run("sale", "opening_hour")
    assert (mesh.versions("sale"), mesh.versions("opening_hour")) == ([0], [0, 1])
    problem = "reads till.sale, but till declares no object sale (domains/booth/src/booth/sources/till.yaml)."
    assert run.failure("sale").startswith(f"booth.sale {problem} Did you mean sales?")
    run = mesh.run("monthly_sale", months=("2024-01-01", "2024-04-01"))
    assert mesh.versions("monthly_sale") == [0]
    assert run.failure("monthly_sale").startswith(f"booth.monthly_sale {problem}")
    assert two.rules() == {
        ("defs/sale/defs.yaml", "unknown-input"),
        ("staging/stg_till__sales.sql", "unknown-input"),
    }


def test_a_product_whose_contract_is_gone_refuses_and_the_rest_of_its_location_runs(two: Two) -> None:
    two.path("contracts/sale.odcs.yaml").unlink()
    two.path("contracts/best_hour.odcs.yaml").unlink()
    mesh, failures = two.mesh(), Failures()
    mesh.activate()
    with open_instance(mesh.settings) as instance:
        outcome = run_everything(two.root, instance, failures)
    assert not outcome.success
    assert outcome.not_loaded == []
    assert outcome.failed == {"booth/sale", "booth/best_hour"}
    assert outcome.skipped == {"booth/customer_spend", "booth/top_customer"}
    assert {"booth/opening_hour", "booth/monthly_sale", "vault/ledger", "booth/week", "booth/first_hour"} <= (
        outcome.published
    )
    for name, made_by in (
        ("sale", "domains/booth/src/booth/defs/sale/defs.yaml"),
        ("best_hour", "dbt_project/models/booth/products/best_hour.sql"),
    ):
        assert mesh.versions(name) == []
        message = failures.messages[f"booth__{name}"]
        contract = f"domains/booth/src/booth/contracts/{name}.odcs.yaml"
        assert f"booth.{name} is not built, because there is no contract of it ({contract})." in message
        assert f"`mesh contract move booth.{name} retired`; or remove {made_by}." in message
    found = {(file, rule): message for file, _, rule, message in two.found_with_locations()}
    component = ("defs/sale/defs.yaml", "unknown-contract")
    assert set(found) == {
        component,
        ("products/best_hour.sql", "model-without-contract"),
        ("products/customer_spend.sql", "unknown-input"),
        ("contracts/top_customer.odcs.yaml", "unknown-input"),
    }
    assert "`mesh contract move booth.sale retired`; or remove this component" in found[component]


WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@given(WORDS, st.integers(2, 1000))
def test_a_table_of_a_major_is_read_as_it_is_written(name: str, major: int) -> None:
    found = port_of_table("booth", f"{name}_v{major}")
    assert (found.product, found.major) == (name, major)


@given(st.one_of(WORDS, st.from_regex(r"[a-z]{1,3}_v[0-9a-z]{0,2}", fullmatch=True)))
def test_a_table_that_no_major_is_written_as_is_a_first_major_of_its_whole_name(table: str) -> None:
    assert port_of_table("booth", table).table == table
