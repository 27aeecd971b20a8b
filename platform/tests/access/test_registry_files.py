"""`roles.yaml` and `purposes.yaml` are read strictly: every fault of both files at once, with its line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.errors import PolicyFaults
from bankmesh.access.registry import load_registry, platform_policy_folder
from bankmesh.access.registry.registry_files import RegistryEntries
from bankmesh.contracts.model import Classification

PURPOSES = """\
purposes:
  service: Helping a customer.
  marketing: Deciding what is offered.
  marketing.offers: Choosing an offer.
"""
ROLES = """\
roles:
  agent:
    description: Talks with customers.
    clearance: confidential
    purposes: [service]
  planner:
    description: Plans campaigns.
    clearance: internal
    purposes: [marketing, service]
clients:
  desk:
    description: The application of branches.
    purposes: [service]
  console:
    description: Everything.
    purposes: all
issuers:
  https://login.bank.example:
    roles_claim: groups
    domains_claim: domains
    roles:
      AGENTS: agent
    clients:
      desk-1: desk
"""


@pytest.fixture
def write(tmp_path):
    def files(purposes=PURPOSES, roles=ROLES) -> Path:
        (tmp_path / "policies").mkdir(exist_ok=True)
        (tmp_path / "policies/purposes.yaml").write_text(purposes, encoding="utf-8")
        (tmp_path / "policies/roles.yaml").write_text(roles, encoding="utf-8")
        return tmp_path

    return files


def faults_of(root):
    with pytest.raises(PolicyFaults) as raised:
        load_registry(root)
    return raised.value.faults


def test_a_workspace_adds_to_what_the_platform_ships(write):
    registry = load_registry(write())
    assert {"data_owner", "data_steward", "governance_auditor", "agent", "planner"} == set(registry.roles)
    assert registry.roles["agent"].clearance is Classification.CONFIDENTIAL
    assert registry.roles["agent"].place.line == 2
    assert {"stewardship", "audit", "model_training", "marketing.offers"} <= set(registry.purposes)
    issuer = registry.issuers["https://login.bank.example"]
    assert (issuer.roles, issuer.clients, issuer.domains_claim) == ({"AGENTS": "agent"}, {"desk-1": "desk"}, "domains")
    assert issuer.client_claim == "azp"


def test_a_workspace_without_policies_has_the_roles_of_the_platform(tmp_path):
    registry = load_registry(tmp_path)
    assert set(registry.roles) == {"data_owner", "data_steward", "governance_auditor"}
    assert registry.clients["mesh"].purposes == set(registry.purposes)


def test_a_client_for_all_purposes_has_those_of_the_workspace_too(write):
    registry = load_registry(write())
    assert {"marketing.offers", "audit"} <= registry.clients["console"].purposes
    assert "marketing.offers" in registry.clients["mesh"].purposes


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("purposes:\n", "purpose:\n", "unknown-key", 1),
        ("  service: Helping a customer.", "  service: 7", "wrong-type", 2),
        ("  service: Helping a customer.", '  service: " "', "blank-text", 2),
        ("  service:", "  Service:", "bad-purpose", 2),
        ("  marketing.offers:", "  marketing..offers:", "bad-purpose", 4),
        ("  marketing.offers:", "  marketin.offers:", "orphan-purpose", 4),
        ("  marketing.offers:", "  marketing.offers.mail:", "orphan-purpose", 4),
        ("  marketing:", "  stewardship:", "duplicate-purpose", 3),
        ("  marketing:", "  service:", "yaml-duplicate-key", 3),
        (PURPOSES, "- service\n", "wrong-type", 1),
        (PURPOSES, "purposes: [service]\n", "wrong-type", 1),
        (PURPOSES, "purposes: {a: [\n", "yaml-syntax", 1),
    ],
)
def test_each_fault_of_purposes_has_its_rule_and_line(write, old, new, rule, line):
    assert old in PURPOSES
    found = faults_of(write(purposes=PURPOSES.replace(old, new, 1)))
    own = [(fault.rule, fault.line) for fault in found if fault.file.endswith("purposes.yaml")]
    assert (rule, line) in own


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("clients:\n", "client:\n", "unknown-key", 10),
        ("    clearance: confidential\n", "", "missing-key", 2),
        ("    clearance: confidential", "    clearance: secret", "bad-clearance", 4),
        ("    clearance: confidential", "    clearence: confidential", "unknown-key", 4),
        ("    description: Talks with customers.\n", "", "missing-key", 2),
        ("    description: Talks with customers.", '    description: ""', "blank-text", 3),
        ("confidential\n    purposes: [service]\n", "confidential\n", "missing-key", 2),
        ("    purposes: [service]", "    purposes: []", "wrong-type", 5),
        ("    purposes: [service]", "    purposes: all", "wrong-type", 5),
        ("    purposes: [service]", "    purposes: [servise]", "unknown-purpose", 5),
        ("    purposes: [service]", "    purposes: [service, service]", "duplicate-entry", 5),
        ("  planner:", "  data_owner:", "duplicate-entry", 6),
        ("  planner:", "  data_product:", "reserved-role", 6),
        ("  planner:", "  Planner:", "bad-name", 6),
        ("  desk:\n", "  mesh:\n", "duplicate-entry", 11),
        ("    roles_claim: groups\n", "", "missing-key", 18),
        ("    domains_claim: domains", "    domains_claim: [a]", "wrong-type", 20),
        ("      AGENTS: agent", "      AGENTS: agents", "unknown-role", 22),
        ("      AGENTS: agent", "      AGENTS: data_product", "unknown-role", 22),
        ("      desk-1: desk", "      desk-1: desc", "unknown-client", 24),
        ("    roles:\n      AGENTS: agent\n", "", "missing-key", 18),
        (ROLES, "roles: [agent]\n", "wrong-type", 1),
        (ROLES, "", "yaml-syntax", 1),
    ],
)
def test_each_fault_of_roles_has_its_rule_and_line(write, old, new, rule, line):
    assert old in ROLES
    found = faults_of(write(roles=ROLES.replace(old, new, 1)))
    assert (rule, line) in [(fault.rule, fault.line) for fault in found if fault.file.endswith("roles.yaml")]


def test_all_faults_of_both_files_are_reported_with_the_nearest_name(write):
    purposes = PURPOSES.replace("marketing.offers", "marketin.offers")
    found = faults_of(write(purposes, ROLES.replace("[service]", "[servise]").replace("AGENTS: agent", "AGENTS: agnt")))
    assert [fault.rule for fault in found] == [
        "orphan-purpose", "unknown-purpose", "unknown-purpose", "unknown-role",
    ]  # fmt: skip
    hints = "\n".join(fault.message for fault in found)
    for name in ("marketing", "service", "agent"):
        assert f"Did you mean {name}?" in hints


def test_files_are_read_again_when_they_change(write):
    before = load_registry(write())
    assert load_registry(write()) is before
    after = load_registry(write(roles=ROLES.replace("internal", "public")))
    assert after.roles["planner"].clearance is Classification.PUBLIC
    assert after.digest != before.digest


def test_an_invalid_byte_is_a_fault_on_its_line(write):
    root = write()
    (root / "policies/roles.yaml").write_bytes(b"roles:\n  \xff: {}\n")
    assert [(fault.rule, fault.line) for fault in faults_of(root)] == [("yaml-syntax", 2)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["service", "all", "agent"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["roles", "purposes", "clients", "issuers", "description", "agent"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES)
def test_any_document_is_read_or_has_faults_with_lines(purposes, roles):
    import yaml

    entries = RegistryEntries()
    texts = [yaml.safe_dump(value, allow_unicode=True) for value in (purposes, roles)]
    entries.read_purposes("purposes.yaml", texts[0])
    entries.read_roles("roles.yaml", texts[1])
    if not entries.faults:
        assert all(role.purposes and role.purposes <= set(entries.descriptions) for role in entries.roles.values())
    for fault in entries.faults:
        assert 1 <= fault.line <= max(text.count("\n") + 1 for text in texts)


def test_the_wheel_carries_the_files_of_the_platform(tmp_path):
    import zipfile

    from hatchling.builders.wheel import WheelBuilder

    folder = platform_policy_folder()
    built = next(WheelBuilder(str(folder.parent)).build(directory=str(tmp_path), versions=["standard"]))
    with zipfile.ZipFile(built) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("bankmesh/platform_policies/")}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"roles.yaml", "purposes.yaml"} <= files
    assert packed == {f"bankmesh/platform_policies/{name}" for name in files}
