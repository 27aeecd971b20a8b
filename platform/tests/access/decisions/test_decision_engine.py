"""Decisions about reads: which side permits, which purpose counts, and that any error denies."""

from __future__ import annotations

import pytest
from access_workspace import PORT, reader, write_access_workspace

from bankmesh.access.decisions.decision_engine import decide, usable_purposes
from bankmesh.access.model import ColumnOutcome, Principal
from bankmesh.access.registry import platform_policy_folder


@pytest.fixture
def shop(tmp_path):
    return write_access_workspace(tmp_path)


def test_columns_up_to_the_clearance_are_shown_and_the_next_class_is_masked(shop):
    assert shop.outcomes("clerk", "service") == {
        "customer_id": "show",
        "name": "partial(last: 4)",
        "phone": "redact",
        "opt_in": "show",
        "visits": "show",
        "shop": "show",
    }
    assert shop.outcomes("seller", "marketing") == {
        "customer_id": "show",
        "name": "withhold",
        "phone": "withhold",
        "opt_in": "null",
        "visits": "null",
        "shop": "show",
    }


def test_subjects_are_pseudonyms_for_model_training_at_every_clearance(shop):
    assert shop.outcomes("scientist", "model_training")["customer_id"] == "pseudonym"
    assert shop.outcomes("scientist", "model_training")["phone"] == "show"


def hub_place(name):
    """The place of a policy of the platform: its line of `permit` or `forbid`."""
    lines = (platform_policy_folder() / "hub.cedar").read_text().splitlines()
    at = lines.index(f'@id("{name}")')
    line = next(n for n, text in enumerate(lines[at:], at + 1) if text.startswith(("permit", "forbid")))
    return f"platform/policies/hub.cedar:{line}"


def test_each_reason_has_the_line_of_its_policy_or_contract(shop):
    found = shop.decide("clerk", "service")
    contract = "domains/shop/src/shop/contracts/customer.odcs.yaml"
    lines = (shop.root / contract).read_text().splitlines()
    clerk = lines.index("  - role: clerk") + 1
    places = {str(reason.place) for reason in found.of("visits").reasons}
    assert places == {hub_place("show-within-clearance"), f"{contract}:{clerk}"}
    assert hub_place("mask-up-to-the-next-class") in {str(reason.place) for reason in found.of("phone").reasons}


def test_a_forbid_to_show_names_the_mask_of_what_would_be_shown_and_weakens_no_other(shop):
    hide = '@mask("partial(last: 1)")\nforbid (principal, action == Action::"show", resource);'
    shop.policy(hide)
    found = shop.outcomes("clerk", "service")
    assert (found["shop"], found["visits"]) == ("partial(last: 1)", "partial(last: 1)")
    assert (found["phone"], found["name"], found["opt_in"]) == ("redact", "null", "null")
    shop.policy(f'{hide}\nforbid (principal, action == Action::"show", resource);')
    assert shop.outcomes("clerk", "service")["shop"] == "redact"


def test_a_role_of_the_contract_is_bound_to_its_own_purposes(shop):
    assert not shop.decide("seller", "marketing").is_refused
    assert not shop.decide("seller", "marketing.offers").is_refused
    assert shop.decide("seller", "service").is_refused


def test_permitting_a_purpose_permits_what_it_includes_and_not_what_includes_it(shop):
    contract = shop.root / "domains/shop/src/shop/contracts/customer.odcs.yaml"
    text = contract.read_text()
    contract.write_text(
        text.replace("[service, marketing, model_training]", "[service, marketing.offers]").replace(
            "        value: [marketing]", "        value: [marketing.offers]"
        )
    )
    assert not shop.decide("seller", "marketing.offers").is_refused
    assert shop.decide("seller", "marketing").is_refused


def test_a_role_that_no_contract_names_reads_nothing_whatever_its_clearance(shop):
    found = shop.decide("stranger", "service")
    assert found.is_refused
    assert not found.row_filter.is_everything
    assert "clerk" in " ".join(map(str, found.reasons))


@pytest.mark.parametrize(
    ("role", "purpose", "more", "said"),
    [
        ("clerk", "marketing", {}, "the role clerk does not hold marketing; it holds service"),
        ("clerk", "serviec", {}, "There is no purpose serviec. Did you mean service?"),
        ("Clerk", "service", {}, "the role Clerk is not listed"),
        ("clerk\u200b", "service", {}, "is not listed"),
        ("сlerk", "service", {}, "is not listed"),  # noqa: RUF001 - a Cyrillic letter
        ("seller", "marketing", {"client": "till"}, "the client till is not used for marketing"),
        ("clerk", "service", {"client": "nobody"}, "the client nobody is not listed"),
        (set(), "service", {}, "the reader has no role"),
        ("clerk", "service", {"port": "shop.nothing"}, "There is no product shop.nothing"),
        ("clerk", "service", {"name": 'alice" || true'}, "quotes"),
        ("clerk", "service", {"name": "alice\n"}, "invisible characters"),
        ("clerk", "service", {"name": ""}, "empty"),
    ],
)
def test_a_refusal_says_what_is_missing(shop, role, purpose, more, said):
    port = more.pop("port", PORT)
    found = decide(shop.load(), reader(role, **more), port, purpose)
    assert found.is_refused
    assert said in " ".join(map(str, found.reasons))
    assert not found.row_filter.is_everything


def test_a_refusal_for_a_missing_purpose_names_who_could_read(shop):
    text = " ".join(map(str, shop.decide("clerk", "marketing.offers").reasons))
    assert "shop.customer may be read for marketing.offers by seller" in text


def test_owners_read_the_products_of_their_own_domains_alone(shop):
    policy = shop.load()
    owner = reader("data_owner", domains=frozenset({"shop"}))
    assert not decide(policy, owner, PORT, "stewardship").is_refused
    assert decide(policy, owner, "market.order", "stewardship").is_refused
    assert decide(policy, reader("data_owner"), PORT, "stewardship").is_refused
    assert decide(policy, reader("governance_auditor", domains=frozenset({"shop"})), PORT, "audit").is_refused


def test_a_product_reads_its_own_domain_and_no_token_can_claim_to_be_one(shop):
    policy = shop.load()
    attributes = {"domains": frozenset({"shop"}), "kind": "product"}
    product = Principal("product:shop.view", frozenset({"data_product"}), attributes)
    assert not decide(policy, product, PORT, "service").is_refused
    assert decide(policy, product, "market.order", "service").is_refused
    forged = Principal("product:shop.view", frozenset({"data_product"}), attributes, "mesh", "https://login.example")
    assert decide(policy, forged, PORT, "service").is_refused
    stranger = Principal("eve", frozenset({"stranger"}), attributes, "mesh")
    assert decide(policy, stranger, PORT, "service").is_refused


def test_the_purposes_that_a_reader_could_use(shop):
    policy = shop.load()
    assert usable_purposes(policy, reader("seller"), PORT) == ("marketing", "marketing.offers")
    assert usable_purposes(policy, reader("stranger"), PORT) == ()


@pytest.mark.parametrize(
    "condition",
    [
        "resource.sensitivity + 9223372036854775807 > 0",
        "principal.clearance * 9223372036854775807 > 1 || true",
    ],
)
def test_a_forbid_that_is_an_error_denies_everything(shop, condition):
    shop.policy(f'forbid (principal, action == Action::"show", resource) when {{ {condition} }};')
    found = shop.decide("clerk", "service")
    assert found.is_refused
    assert "policies/own.cedar:1" in str(found.reasons[0])
    assert set(found.columns) == {"customer_id", "name", "phone", "opt_in", "visits", "shop"}


def test_an_error_on_rows_denies_every_column(shop):
    shop.policy(
        'forbid (principal, action == Action::"read", resource) when { principal.clearance * 9223372036854775807 > 9 };'
    )
    assert shop.decide("clerk", "service").is_refused


def test_a_filter_that_no_column_can_evaluate_denies(shop):
    shop.policy(
        'forbid (principal, action == Action::"read", resource is shop::customer_v1)\n'
        "when { resource.visits * resource.visits > 4 };"
    )
    found = shop.decide("clerk", "service")
    assert found.is_refused
    assert "policies/own.cedar:1" in str(found.reasons[0])


def test_rows_are_filtered_by_what_policies_say_of_them(shop):
    shop.policy(
        'forbid (principal, action == Action::"read", resource is shop::customer_v1)\n'
        'when { context.purpose in Purpose::"marketing" }\n'
        "unless { resource has opt_in && resource.opt_in };"
    )
    assert shop.decide("clerk", "service").row_filter.is_everything
    found = shop.decide("seller", "marketing.offers").row_filter
    assert found.columns == {"opt_in"}
    assert "policies/own.cedar:1" in {str(reason.place) for reason in found.reasons}


@pytest.mark.parametrize("scope", ['Product::"shop.customer"', 'Domain::"shop"'])
def test_rows_are_in_their_product_and_its_domain(shop, scope):
    shop.policy(f'forbid (principal, action == Action::"read", resource in {scope});')
    assert shop.decide("clerk", "service").is_refused
    assert "policies/own.cedar:1" in str(shop.decide("clerk", "service").reasons[0])
    assert not shop.decide("clerk", "service", "market.order").is_refused


def test_obligations_of_the_policies_behind_a_decision_are_collected(shop):
    shop.policy(
        '@obligation("strict_audit")\n'
        'permit (principal, action == Action::"show", resource) when { resource.name == "phone" };'
    )
    found = shop.decide("clerk", "service")
    assert found.obligations == {"strict_audit"}
    assert found.of("phone").outcome is ColumnOutcome.SHOW
    assert shop.decide("clerk", "service", "market.order").of("phone").outcome is ColumnOutcome.SHOW


def test_a_changed_policy_counts_at_once(shop):
    assert shop.outcomes("clerk", "service")["shop"] == "show"
    shop.policy(
        'forbid (principal, action in [Action::"show", Action::"mask"], resource == Column::"shop.customer.shop");'
    )
    assert shop.outcomes("clerk", "service")["shop"] == "withhold"
    assert shop.outcomes("clerk", "service", "market.order")["shop"] == "show"


def test_what_is_known_of_a_reader_is_taken_when_it_is_passed(shop):
    policy, attributes = shop.load(), {"domains": frozenset({"market"})}
    owner = Principal("olga", frozenset({"data_owner"}), attributes, "mesh")
    assert decide(policy, owner, PORT, "stewardship").is_refused
    attributes["domains"] = frozenset({"shop"})
    assert not decide(policy, owner, PORT, "stewardship").is_refused
