"""What a contract says about access: read as written, each fault with its line, each change weighed."""

import pytest
from contract_samples import PARTY
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.comparison.contract_comparison import compare
from bankmesh.contracts.model import TeamMember
from bankmesh.contracts.parsing.contract_reader import read_text

HEAD, _, _ = PARTY.partition("team:")
TEXT = f"""\
{HEAD}        customProperties:
          - property: subject
            value: party
      - name: phone
        logicalType: string
        description: Telephone number.
        classification: restricted
        customProperties:
          - property: mask
            value: "partial(last: 4)"
team:
  name: retail-core
  members:
    - username: owner@bank.example
      role: owner
    - username: steward@bank.example
      role: steward
    - username: analyst@bank.example
support:
  - channel: retail-help
roles:
  - role: agent
    access: read
    customProperties:
      - property: purposes
        value: [service, marketing.offers]
  - role: analyst
    access: read
customProperties:
  - property: productType
    value: source-aligned
  - property: purposes
    value: [service, analytics, marketing]
  - property: derivationGrants
    value:
      - product: service.churn@2
        columns: [score, reason]
        lifts: [audience, purposes]
        by: retail-core
        date: "2026-11-30"
        why: A score tells nothing about a single booking.
"""


def read(*edits, text=TEXT):
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    contract, faults = read_text("party.odcs.yaml", text)
    assert faults == ()
    return contract


def test_access_is_read_as_it_is_written():
    contract = read()
    assert contract.purposes == ("service", "analytics", "marketing")
    assert [(role.role, role.access, role.purposes, role.place.line) for role in contract.roles] == [
        ("agent", "read", ("service", "marketing.offers"), 39),
        ("analyst", "read", (), 44),
    ]
    assert contract.subject_columns == {"party_id": "party"}
    assert contract.column("phone").mask == "partial(last: 4)"
    [grant] = contract.derivation_grants
    assert (grant.product, grant.columns, grant.lifts) == (
        "service.churn@2",
        ("score", "reason"),
        ("audience", "purposes"),
    )
    assert (grant.by, grant.on, grant.place.line) == ("retail-core", "2026-11-30", 53)
    assert (contract.owners, contract.stewards) == (("owner@bank.example",), ("steward@bank.example",))
    assert TeamMember("analyst@bank.example", None) in contract.team


def test_a_contract_that_says_nothing_about_access_allows_nothing(party):
    contract = read(text=party)
    assert (contract.purposes, contract.roles, contract.derivation_grants, contract.team) == ((), (), (), ())


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("    access: read", "    access: write", "bad-access", 40),
        ("[service, analytics, marketing]", "service", "bad-purposes", 50),
        ("[service, analytics, marketing]", "[]", "bad-purposes", 50),
        ("[service, analytics, marketing]", "[service, service, marketing]", "bad-purposes", 50),
        ("[service, analytics, marketing]", '[service, marketing, " "]', "bad-purposes", 50),
        ("[service, analytics, marketing]", "[service, marketing, Analytics]", "bad-purposes", 50),
        ("[service, analytics, marketing]", "[service, marketing., marketing]", "bad-purposes", 50),
        ("[service, marketing.offers]", "[service, kyc]", "role-purpose", 43),
        ("[service, analytics, marketing]", "[service, marketing.offers.mail]", "role-purpose", 43),
        ("            value: party", "            value: The Party", "bad-subject", 20),
        ("            value: party", "            value: [party]", "bad-subject", 20),
        ('            value: "partial(last: 4)"', "            value: null", "bad-mask", 27),
        ('            value: "partial(last: 4)"', "            value: 4", "bad-mask", 27),
        ("columns: [score, reason]", "columns: score", "bad-derivation-grant", 54),
        ("columns: [score, reason]", "columns: [score, score]", "bad-derivation-grant", 54),
        ("lifts: [audience, purposes]", "lifts: [audiences]", "bad-derivation-grant", 55),
        ("product: service.churn@2", "product: churn", "bad-derivation-grant", 53),
        ('date: "2026-11-30"', "date: today", "bad-derivation-grant", 57),
        ("        why: A score", "        reason: A score", "bad-derivation-grant", 58),
        ("        by: retail-core\n", "", "bad-derivation-grant", 53),
        ("property: derivationGrants\n    value:", "property: derivationGrants\n    value: all\n  - property: x-old\n    value:", "bad-derivation-grant", 52),
        ("property: subject", "property: subjects", "unknown-custom-property", 19),
        ("      - property: purposes", "      - property: masks", "unknown-custom-property", 42),
    ],
)  # fmt: skip
def test_each_fault_has_its_rule_and_line(old, new, rule, line):
    assert old in TEXT
    _, faults = read_text("party.odcs.yaml", TEXT.replace(old, new, 1))
    assert (rule, line) in [(fault.rule, fault.line) for fault in faults], faults


def test_a_role_without_access_is_only_named():
    assert read(("    access: read\n", "")).roles[0].access is None


@pytest.mark.parametrize(
    ("old", "new", "rule", "breaking"),
    [
        ("[service, analytics, marketing]", "[service, marketing]", "purpose-removed", True),
        ("[service, analytics, marketing]", "[service, analytics, marketing.offers]", "purpose-removed", True),
        ("[service, analytics, marketing]", "[service, analytics, marketing, kyc]", "purpose-added", False),
        ("[service, marketing.offers]", "[service]", "role-purposes-changed", True),
        ("[service, marketing.offers]", "[service, marketing]", "role-purposes-changed", False),
        ("  - role: analyst\n    access: read\n", "", "role-removed", True),
        ("            value: party", "            value: person", "subject-changed", False),
        ("partial(last: 4)", "redact", "mask-changed", True),
        ("lifts: [audience, purposes]", "lifts: [audience]", "derivation-grant-removed", True),
        ("columns: [score, reason]", "columns: [score]", "derivation-grant-removed", True),
        ("columns: [score, reason]", "columns: [score, reason, as_of]", "derivation-grant-added", False),
        ("by: retail-core\n", "by: retail-owner\n", "description-changed", False),
    ],
)
def test_each_change_of_access_is_weighed(old, new, rule, breaking):
    found = compare(read(), read((old, new), ("version: 1.0.0", "version: 1.1.0")))
    assert (rule, breaking) in [(change.rule, change.breaking) for change in found], found
    back = compare(read((old, new)), read(("version: 1.0.0", "version: 1.1.0")))
    assert back


def test_access_that_did_not_change_is_no_change():
    assert compare(read(), read()) == ()


NAMES = st.sampled_from(["service", "marketing", "marketing.offers", "marketing.offers.mail", "kyc"])


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True), st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_a_change_of_purposes_breaks_exactly_if_something_is_allowed_no_longer(before, after):
    def with_purposes(names, version):
        bare = TEXT.replace(
            "    customProperties:\n      - property: purposes\n        value: [service, marketing.offers]\n", ""
        )
        written = bare.replace("[service, analytics, marketing]", f"[{', '.join(names)}]")
        return read(("version: 1.0.0", f"version: {version}"), text=written)

    def allows(names, purpose):
        return any(f"{purpose}.".startswith(f"{name}.") for name in names)

    every = ["service", "marketing", "marketing.offers", "marketing.offers.mail", "marketing.other", "kyc"]
    lost = any(allows(before, purpose) and not allows(after, purpose) for purpose in every)
    found = compare(with_purposes(before, "1.0.0"), with_purposes(after, "1.1.0"))
    assert any(change.rule == "purpose-removed" for change in found) == lost
