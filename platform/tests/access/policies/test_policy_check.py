"""Faults that only decisions show: rules without effect, masks that do not suit, subjects shown raw, errors."""

from __future__ import annotations

import pytest
from access_workspace import CUSTOMER, contract_text, write_access_workspace

from bankmesh.access.policies.policy_check import find_policy_faults

SHOW = 'permit (principal in Role::"clerk", action == Action::"show", resource)'


@pytest.fixture
def shop(tmp_path):
    return write_access_workspace(tmp_path)


def found(workspace):
    return [(fault.file, fault.line, fault.rule) for fault in find_policy_faults(workspace.load())]


def test_the_policies_of_the_platform_have_no_faults_in_any_workspace(shop):
    assert found(shop) == []


@pytest.mark.parametrize(
    "condition",
    [
        "false",
        'context.purpose == Purpose::"marketing"',  # which a clerk does not hold
        'resource.name == "fax"',
        "resource.sensitivity > 3",
        'principal.kind == "ghost"',
        'resource.domain == "bank"',
    ],
)
def test_a_permit_that_no_role_purpose_and_column_fulfils_is_a_fault(shop, condition):
    shop.policy(f'{SHOW} when {{ {condition} }};\n\n{SHOW} when {{ resource.name == "phone" }};')
    assert found(shop) == [("policies/own.cedar", 1, "unreachable-policy")]


@pytest.mark.parametrize(
    "policy",
    [
        'forbid (principal in Role::"stranger", action, resource);',  # no contract admits it, and it would forbid
        'forbid (principal, action == Action::"read", resource) when { principal.kind == "product" };',
        'forbid (principal, action == Action::"read", resource) unless { principal.domains.contains("shop") };',
        'forbid (principal, action == Action::"read", resource is shop::customer_v1) when { resource.visits > 9 };',
    ],
)
def test_a_forbid_counts_for_products_strangers_and_readers_without_a_domain(shop, policy):
    shop.policy(policy)
    assert found(shop) == []


def test_a_domain_forbids_nothing_on_the_products_of_others(shop):
    shop.domain_policy('forbid (principal, action == Action::"show", resource in Product::"market.order");')
    assert found(shop) == [("domains/shop/src/shop/policies/narrow.cedar", 1, "unreachable-policy")]


def test_a_mask_that_does_not_suit_a_column_is_a_fault_and_hides_the_column(shop):
    shop.policy(
        '@mask("partial(last: 4)")\n'
        'forbid (principal in Role::"clerk", action == Action::"show", resource)\n'
        'when { ["visits", "phone", "opt_in"].contains(resource.name) };\n'
        'permit (principal in Role::"clerk", action == Action::"mask", resource);'
    )
    assert ("policies/own.cedar", 2, "mask-misfit") in found(shop)
    outcomes = shop.outcomes("clerk", "service")
    assert (outcomes["phone"], outcomes["opt_in"]) == ("redact", "null")


def test_a_pseudonym_needs_a_subject(shop):
    shop.policy(
        '@mask("pseudonym")\n'
        'permit (principal in Role::"clerk", action == Action::"mask", resource) when { resource.name == "phone" };'
    )
    assert found(shop) == [("policies/own.cedar", 2, "mask-misfit")]
    assert shop.outcomes("clerk", "service")["phone"] == "null"


def test_a_subject_is_not_raw_in_one_product_and_a_pseudonym_in_another(shop):
    shop.policy(
        '@mask("pseudonym")\n'
        'forbid (principal, action == Action::"show", resource in Product::"market.order")\n'
        'when { resource has subject && context.purpose == Purpose::"service" };\n'
        '@mask("pseudonym")\n'
        'permit (principal, action == Action::"mask", resource in Product::"market.order") when { resource has subject };'
    )
    contract = "domains/shop/src/shop/contracts/customer.odcs.yaml"
    assert {(file, rule) for file, _, rule in found(shop)} == {(contract, "raw-subject")}
    shop.policy((shop.root / "policies/own.cedar").read_text().replace(' in Product::"market.order"', ""))
    assert found(shop) == []


def test_a_condition_that_cannot_be_evaluated_is_a_fault_at_its_line(shop):
    shop.policy(
        "// rows\n"
        'forbid (principal, action == Action::"read", resource is shop::customer_v1)\n'
        "when { resource.visits * 2 > 4 };"
    )
    assert ("policies/own.cedar", 2, "policy-error") in found(shop)


def test_an_error_is_a_fault_of_its_own_file_and_of_no_other_with_the_end_of_its_path(shop):
    rows = 'forbid (principal, action == Action::"read", resource is shop::customer_v1)\n'
    shop.policy(f"{rows}when {{ resource.visits > 9 }};", "policies/narrow.cedar")
    shop.domain_policy(f"{rows}when {{ resource.visits * 2 > 4 }};")
    domain = "domains/shop/src/shop/policies/narrow.cedar"
    assert [(file, line) for file, line, rule in found(shop) if rule == "policy-error"] == [(domain, 1)]


def test_a_second_major_has_rows_of_its_own(shop):
    columns = (*CUSTOMER, ("colour", "string", "internal", False, "", ""))
    shop.write("domains/shop/src/shop/contracts/customer.v2.odcs.yaml", contract_text(major=2, columns=columns))
    shop.policy(
        'forbid (principal, action == Action::"read", resource is shop::customer_v2)\n'
        'when { resource has colour && resource.colour == "red" };'
    )
    assert shop.decide("clerk", "service").row_filter.is_everything
    assert shop.decide("clerk", "service", "shop.customer@2").row_filter.columns == {"colour"}
