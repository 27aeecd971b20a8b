"""The shipped policies: who sees what of the bank's products, by role and purpose, and who is refused."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from bankmesh.access.decisions.access_policy import load_access_policy
from bankmesh.access.decisions.decision_engine import decide
from bankmesh.access.model import ColumnOutcome
from bankmesh.access.policies.policy_check import find_policy_faults
from bankmesh.access.policies.policy_tables import check_case, find_tables, read_table
from bankmesh.access.policies.probe_readers import reader_with_roles
from bankmesh.workspace.workspace_contracts import workspace_contracts

ROOT = Path(__file__).parents[1]
TABLES = find_tables(ROOT)
PORTS = (
    "retail.party",
    "retail.customer_360",
    "retail.customer_360@2",
    "retail.transaction_history",
    "investment.market_risk_metrics",
)
REVEALED = (ColumnOutcome.WITHHOLD, ColumnOutcome.MASK, ColumnOutcome.SHOW)


@pytest.fixture(scope="module")
def policy():
    return load_access_policy(ROOT, workspace_contracts(ROOT))


@pytest.fixture(scope="module")
def cases(policy):
    read = [read_table(file, policy) for file in TABLES]
    assert [faults for _, faults in read if faults] == []
    return [case for found, _ in read for case in found]


def test_every_row_of_the_tables_is_what_is_decided(policy, cases):
    assert len(cases) > 40
    assert [failure.message for case in cases for failure in check_case(policy, case)] == []


def test_what_no_table_lists_is_refused(policy, cases):
    listed = {(case.roles, case.purpose, case.product) for case in cases if not case.is_refused}
    assert {case.product for case in cases} == set(PORTS)
    roles = tuple(policy.registry.roles)
    assert len(roles) >= 10
    wrong = []
    for role, purpose, port in itertools.product(roles, policy.registry.purposes, PORTS):
        reader = reader_with_roles(policy.registry, (role,), purpose, [policy.ports[port].contract.domain])
        if decide(policy, reader, port, purpose).is_refused == (((role,), purpose, port) in listed):
            wrong.append((role, purpose, port))
    assert wrong == []


def test_the_policies_have_no_faults(policy):
    assert find_policy_faults(policy) == ()


def test_an_auditor_reads_no_rows_and_owners_none_of_other_domains(policy):
    readers = [
        reader_with_roles(policy.registry, ("governance_auditor",), "audit", ["retail", "investment"]),
        reader_with_roles(policy.registry, ("data_owner",), "stewardship", ["customer_service"]),
        reader_with_roles(policy.registry, ("data_steward",), "stewardship", []),
    ]
    for reader, purpose in zip(readers, ("audit", "stewardship", "stewardship"), strict=True):
        assert [port for port in PORTS if not decide(policy, reader, port, purpose).is_refused] == []


def test_a_reader_with_fewer_roles_sees_no_more(policy):
    """For every pair of roles with a common purpose, each alone sees at most what both see, and no more rows."""
    registry = policy.registry
    for purpose, port in itertools.product(registry.purposes, PORTS):
        holders = [name for name, role in registry.roles.items() if registry.purposes.covers(role.purposes, purpose)]
        for pair in itertools.combinations(holders, 2):
            both = decide(policy, reader_with_roles(registry, pair, purpose, ["retail"]), port, purpose)
            for role in pair:
                one = decide(policy, reader_with_roles(registry, (role,), purpose, ["retail"]), port, purpose)
                assert one.is_refused or not both.is_refused
                for name, found in one.columns.items():
                    assert REVEALED.index(found.outcome) <= REVEALED.index(both.of(name).outcome), (pair, port, name)
                if not one.is_refused and one.row_filter.is_everything:
                    assert both.row_filter.is_everything
