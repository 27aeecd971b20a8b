"""Faults of Cedar policies among those of a workspace: they are found in the files, and keep a location from loading."""

from bankmesh.access.decisions.access_policy import load_access_policy

POLICY = 'permit (principal, action == Action::"show", resource) when { resource.sensitivity < "one" };\n'


def test_a_fault_of_a_policy_is_reported_once_with_its_line(booth):
    file = booth.root / "policies/own.cedar"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"// own\n{POLICY}", encoding="utf-8")
    found = [fault for fault in booth.found_with_locations() if fault[2] == "policy-type"]
    assert [(place, line) for place, line, _, _ in found] == [("policies/own.cedar", 2)]


def test_a_domain_that_permits_is_at_fault_in_the_file_of_its_own(booth):
    file = booth.path("policies/own.cedar")
    file.parent.mkdir()
    file.write_text('permit (principal, action == Action::"show", resource);\n', encoding="utf-8")
    assert ("policies/own.cedar", 1, "domain-permit") in [fault[:3] for fault in booth.found()]


def test_a_workspace_without_policies_of_its_own_has_those_of_the_platform(booth):
    assert {policy.origin for policy in load_access_policy(booth.root, ()).policies} == {"platform"}
    assert [fault for fault in booth.found() if fault[2].startswith("policy")] == []
