"""Tables of expected decisions: strict reading, and every difference reported at the line of its case."""

from __future__ import annotations

import os

import pytest
from access_workspace import write_access_workspace

from bankmesh.access.policies.policy_tables import check_case, find_tables, read_table

CASE = """\
cases:
  - as: clerk
    purpose: service
    product: shop.customer
    columns:
      name: "partial(last: 4)"
      phone: redact
    others: show
"""


@pytest.fixture
def shop(tmp_path):
    return write_access_workspace(tmp_path)


def faults(shop, text):
    file = shop.write("policies/tests/own.yaml", text)
    return [(fault.line, fault.rule) for fault in read_table(file, shop.load())[1]]


def differences(shop, text):
    policy = shop.load()
    cases, wrong = read_table(shop.write("policies/tests/own.yaml", text), policy)
    assert wrong == ()
    return [failure.message for case in cases for failure in check_case(policy, case)]


def test_a_case_that_holds_reports_nothing(shop):
    assert faults(shop, CASE) == []
    assert differences(shop, CASE) == []


def test_a_difference_names_the_column_both_outcomes_and_the_line_behind_it(shop):
    (message,) = differences(shop, CASE.replace("phone: redact", "phone: show"))
    assert message.startswith("phone: expected show, the decision is redact (policy mask-up-to-the-next-class")
    assert "platform/policies/hub.cedar:" in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("as: clerk", "as: stranger", "the read is refused: "),
        ("    others: show", "    others: show\n    rows: [opt_in]", "rows: filtered by none"),
        ("    others: show", "    others: show\n    client: till\n    domains: []", None),
    ],
)
def test_refusals_and_rows_are_compared(shop, old, new, said):
    found = differences(shop, CASE.replace(old, new))
    assert (found == []) if said is None else found[0].startswith(said)


def test_a_read_that_is_refused_as_expected_reports_nothing(shop):
    refused = "cases:\n  - {as: [stranger, clerk], purpose: marketing, product: shop.customer, refused: true}\n"
    assert differences(shop, refused) == []
    (message,) = differences(shop, refused.replace("marketing", "service"))
    assert message == "the read is permitted"


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("cases:", "case:", 1, "wrong-type"),
        ("as: clerk", "as: clrek", 2, "unknown-role"),
        ("as: clerk", "as: [clerk, 7]", 2, "wrong-type"),
        ("purpose: service", "purpose: serve", 3, "unknown-purpose"),
        ("product: shop.customer", "product: shop.custom", 4, "unknown-product"),
        ("phone: redact", "fax: redact", 7, "unknown-column"),
        ("phone: redact", "phone: blacked", 7, "bad-outcome"),
        ("phone: redact", "phone: null", 7, "bad-outcome"),
        ('"partial(last: 4)"', '"partial( last:4 )"', 6, "bad-outcome"),
        ("    others: show\n", "", 5, "unlisted-column"),
        ("others: show", "other: show", 8, "unknown-key"),
        ("others: show", "others: show\n    refused: perhaps", 9, "wrong-type"),
    ],
)
def test_a_table_is_read_strictly(shop, old, new, line, rule):
    assert (line, rule) in faults(shop, CASE.replace(old, new))


def test_tables_beside_the_policies_of_the_workspace_and_of_domains_are_found(shop):
    files = [
        shop.write("domains/shop/src/shop/policies/tests/a.yaml", CASE),
        shop.write("policies/tests/b.yaml", CASE),
        shop.write("policies/tests/more/c.yml", CASE),
    ]
    assert find_tables(shop.root) == files


def test_a_pipe_is_a_fault_and_is_not_read(shop):
    policy = shop.load()
    pipe = shop.root / "policies/tests/own.yaml"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    assert find_tables(shop.root) == [pipe]
    assert [fault.rule for fault in read_table(pipe, policy)[1]] == ["policy-unreadable"]
