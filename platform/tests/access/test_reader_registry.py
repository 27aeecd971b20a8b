"""What a principal may read for: by one of its roles, and by its client."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.model import Principal
from bankmesh.access.registry import Client, PurposeTree, ReaderRegistry, ReaderRole
from bankmesh.contracts.model import Classification
from bankmesh.errors import Place

HERE = Place("roles.yaml", 1)
TREE = PurposeTree(
    {name: name for name in ("service", "marketing", "marketing.offers", "marketing.offers.mail", "kyc")}
)


def role(name, clearance, *purposes):
    return ReaderRole(name, name, frozenset(purposes), clearance, HERE)


REGISTRY = ReaderRegistry(
    roles={
        "agent": role("agent", Classification.CONFIDENTIAL, "service"),
        "planner": role("planner", Classification.INTERNAL, "marketing"),
        "officer": role("officer", Classification.RESTRICTED, "kyc", "marketing.offers"),
    },
    purposes=TREE,
    issuers={},
    clients={
        "desk": Client("desk", "", frozenset({"service"}), HERE),
        "console": Client("console", "", frozenset(TREE), HERE),
        "mailer": Client("mailer", "", frozenset({"marketing.offers.mail"}), HERE),
    },
    digest="",
)


def reader(*roles, client="console", **attributes):
    return Principal("alice", frozenset(roles), attributes, client)


def test_a_purpose_includes_those_below_it_and_not_the_one_above():
    assert TREE.covers({"marketing"}, "marketing.offers.mail")
    assert not TREE.covers({"marketing.offers"}, "marketing")
    assert not TREE.covers({"marketing"}, "market")
    assert TREE.ancestors("marketing.offers.mail") == ("marketing.offers", "marketing")


def test_an_unknown_purpose_is_covered_by_nothing_and_covers_nothing():
    assert not TREE.covers({"marketing", "marketing.sms"}, "marketing.sms")
    assert TREE.ancestors("marketing.sms") == ()


def test_only_roles_that_hold_the_purpose_are_active():
    alice = reader("agent", "planner", "officer")
    assert REGISTRY.active_roles(alice, "service") == {"agent"}
    assert REGISTRY.active_roles(alice, "marketing") == {"planner"}
    assert REGISTRY.active_roles(alice, "marketing.offers.mail") == {"planner", "officer"}
    assert REGISTRY.active_roles(alice, "audit") == frozenset()


def test_the_client_must_hold_the_purpose_too():
    assert REGISTRY.held_purposes(reader("agent", "planner", client="desk")) == ("service",)
    assert REGISTRY.held_purposes(reader("planner", client="mailer")) == ("marketing.offers.mail",)
    for unknown in ("", "other"):
        assert REGISTRY.held_purposes(reader("agent", client=unknown)) == ()


def test_a_role_that_is_not_listed_gives_nothing():
    assert REGISTRY.held_purposes(reader("admin")) == ()
    assert REGISTRY.clearance({"admin"}) is Classification.PUBLIC


def test_the_clearance_is_that_of_the_active_roles_alone():
    alice = reader("agent", "officer")
    assert REGISTRY.clearance(REGISTRY.active_roles(alice, "service")) is Classification.CONFIDENTIAL
    assert REGISTRY.clearance(REGISTRY.active_roles(alice, "kyc")) is Classification.RESTRICTED
    assert REGISTRY.clearance(()) is Classification.PUBLIC


def test_a_product_reads_for_every_known_purpose_without_a_client():
    product = reader("data_product", client="", kind="product")
    assert REGISTRY.active_roles(product, "kyc") == {"data_product"}
    assert REGISTRY.active_roles(product, "unknown") == frozenset()


@pytest.mark.parametrize("attributes", [{}, {"kind": "person"}])
def test_a_person_with_the_role_of_products_gets_nothing_by_it(attributes):
    assert REGISTRY.held_purposes(reader("data_product", **attributes)) == ()


@settings(max_examples=200, deadline=None)
@given(
    st.frozensets(st.sampled_from([*REGISTRY.roles, "admin"])),
    st.sampled_from([*REGISTRY.clients, ""]),
    st.sampled_from([*TREE, "other"]),
)
def test_what_is_held_is_held_by_a_role_and_by_the_client(roles, client, purpose):
    alice = reader(*roles, client=client)
    held = REGISTRY.held_purposes(alice)
    parts = {".".join(purpose.split(".")[:length]) for length in range(1, purpose.count(".") + 2)}
    by_role = any(name in REGISTRY.roles and parts & REGISTRY.roles[name].purposes for name in roles)
    by_client = client in REGISTRY.clients and bool(parts & REGISTRY.clients[client].purposes)
    assert (purpose in held) == (purpose in TREE and by_role and by_client)
    assert bool(REGISTRY.active_roles(alice, purpose)) == (purpose in held)
