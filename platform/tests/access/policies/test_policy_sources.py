"""What is refused when policies are loaded: whatever would be ignored, misread or never apply."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from access_workspace import PORT, contract_text, write_access_workspace

from bankmesh.access.errors import PolicyFaults
from bankmesh.access.policies.policy_sources import DEEPEST_NESTING, MOST_OPERATORS
from bankmesh.access.policies.policy_text import measure_nesting, measure_operators

FORBID = 'forbid (principal, action == Action::"show", resource);'
ROWS = 'forbid (principal, action == Action::"read", resource is shop::customer_v1)'


@pytest.fixture
def shop(tmp_path):
    return write_access_workspace(tmp_path)


def found(workspace):
    """Each fault as file below the workspace, line and rule."""
    with pytest.raises(PolicyFaults) as raised:
        workspace.load()
    root = f"{workspace.root}{os.sep}"
    return [(fault.file.removeprefix(root), fault.line, fault.rule) for fault in raised.value.faults]


def when(condition):
    return f"{FORBID[:-1]} when {{ {condition} }};"


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", 0, "policy-empty"),
        ("// a comment; with a semicolon\n\n", 0, "policy-empty"),
        (f"{FORBID}\n\n{FORBID[:-1]}", 3, "policy-syntax"),
        (f"{FORBID}\n/* no comment of Cedar */\n{FORBID}", 3, "policy-syntax"),
        (f"{FORBID};", 1, "policy-syntax"),
        ('@id("a")\n@id("b")\n' + FORBID, 3, "policy-syntax"),
        (FORBID + "\n\nallow (principal, action, resource);", 3, "policy-syntax"),
        ("\nforbid (principal == ?principal, action, resource);", 2, "policy-template"),
        ('@maks("redact")\n' + FORBID, 2, "policy-annotation"),
        ("@id\n" + FORBID, 2, "policy-annotation"),
        ('@mask("black")\n' + FORBID, 2, "policy-mask"),
        ('@mask("redact")\nforbid (principal, action, resource);', 2, "policy-mask"),
        ('@mask("redact")\npermit (principal, action == Action::"show", resource);', 2, "policy-mask"),
        ('@obligation("call_mother")\n' + FORBID, 2, "policy-obligation"),
        ('forbid (principal in Role::"clrek", action, resource);', 1, "unknown-role"),
        ('forbid (principal in Role::"Clerk", action, resource);', 1, "unknown-role"),
        (when('principal.roles.contains("clérk")'), 1, "unknown-role"),
        (when('principal.roles.containsAny(["clerk", "boss"])'), 1, "unknown-role"),
        (when('context.purpose == Purpose::"serviec"'), 1, "unknown-purpose"),
        ('forbid (principal, action == Action::"show", resource in Product::"shop.cust");', 1, "unknown-entity"),
        ('forbid (principal, action == Action::"show", resource == Column::"shop.customer.x");', 1, "unknown-entity"),
        ('forbid (principal, action == Action::"see", resource);', 1, "policy-type"),
        (f"{ROWS} when {{ resource.opt_in }};", 1, "policy-type"),
        (f"{ROWS} when {{ resource.colour == 1 }};", 1, "policy-type"),
        (when('resource.subject == "customer"'), 1, "policy-type"),
        (when('resource.sensitivity < "1"'), 1, "policy-type"),
        ('forbid (principal is shop::customer_v1, action == Action::"show", resource);', 1, "policy-type"),
        ('forbid (principal, action == Action::"read", resource is shop::customer_v7);', 1, "policy-type"),
        (f'{ROWS} when {{ datetime("2026-02-30") < datetime("2026-03-01") }};', 1, "policy-type"),
    ],
)
def test_a_policy_that_cannot_apply_is_a_fault_with_its_line(shop, text, line, rule):
    shop.policy(text)
    assert found(shop)[0] == ("policies/own.cedar", line, rule)


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 100 + "true" + ")" * 100,
        "[" * 200 + "]" * 200 + " == []",
        "{a: " * 200 + "1" + "}" * 200 + " == 1",
        "context" + ".contains(context" * 5000 + ")" * 5000,
        "// hidden from Cedar up to the carriage return\r" + "(" * 5000 + "true" + ")" * 5000,
        "(" * 5000,
        "if " * 5000 + "true" + " then true else false" * 5000,
        " && ".join(["true"] * 300),
        " + ".join(["1"] * 10000) + " == 1",
        "principal" + ".a" * 17_000 + " == 1",
        "principal" + '["a"]' * 17_000 + " == 1",
        "principal has " + "a." * 17_000 + "a",
        "1 + " * 17_000 + "1 == 2",
        "1 * " * 17_000 + "1 == 2",
        "true || " * 17_000 + "false",
        "true && " * 17_000 + "false",
        "if true then true else " * 90 + "true || " * 17_000 + "false",
        "(" * 50 + "true" + (" && true" * 40 + ")") * 50,
        "true, " + "true && " * 17_000 + "false, " * 17_000,
    ],
)
def test_a_policy_that_nests_too_deep_is_a_fault_and_not_the_end_of_the_process(shop, condition):
    shop.policy(f"{FORBID}\n\n{when(condition)}")
    assert found(shop) == [("policies/own.cedar", 3, "policy-nesting")]


def test_brackets_in_strings_and_comments_and_long_sets_do_not_nest(shop):
    brackets, elements = "(" * 5000, ", ".join(['"internal"'] * 5000)
    quoted = f'["{brackets}\\"{brackets}"].contains(context.purpose.name) // {brackets}\n'
    listed = f"[{elements}].contains(resource.classification)"
    decimals = "[" + 'decimal("-1.0"), ' * 2000 + 'decimal("1.0")].contains(decimal("1.0"))'
    names = " || ".join(['resource.name.nothing.nothing == "a" && -1 < 1'] * 50)
    nested = "(" * 90 + "true" + ")" * 90
    shop.policy("\n".join(when(each) for each in (quoted, listed, decimals, names, nested)))
    assert "policy-nesting" not in str(found(shop))


@pytest.mark.parametrize("action", ["show", "read"])
@pytest.mark.parametrize(
    "condition",
    [
        " && ".join(["true"] * 60),
        " || ".join(["true"] * 60),
        "!(" * 58 + "false" + ")" * 58,
        "if true then true else " * 58 + "true",
    ],
)
def test_the_longest_chains_that_are_accepted_can_be_decided(shop, condition, action):
    shop.policy(f'@id("own")\nforbid (principal, action == Action::"{action}", resource) when {{ {condition} }};')
    decision = shop.decide("clerk", "service")
    assert "own" in str(decision), decision.reasons


@pytest.mark.parametrize("condition", [" && ".join(["true"] * 65), "!(" * 65 + "false" + ")" * 65])
def test_chains_that_cedar_could_not_decide_are_a_fault(shop, condition):
    shop.policy(when(condition))
    assert found(shop) == [("policies/own.cedar", 1, "policy-nesting")]


CHAINS = ("1 + ", "1 * ", "true && ", "true || ")
SMALL_STACK = """
import sys, threading
from pathlib import Path
from bankmesh.access.errors import PolicyFaults
from bankmesh.access.policies import parser_stack
from bankmesh.access.policies.policy_sources import PolicyFolder, PolicyOrigin, parse_policies, read_policy_files

parser_stack._STACK //= 4
found = []

def load():
    files, faults = read_policy_files([PolicyFolder(Path(sys.argv[1]), "policies", PolicyOrigin.WORKSPACE)])
    for file in files:
        found.extend(parse_policies(file)[1])

threading.stack_size(512 * 1024)
thread = threading.Thread(target=load)
thread.start()
thread.join()
print("".join(f"{fault}\\n" for fault in found))
"""


def deepest_conditions():
    """Conditions at both bounds at once, of brackets and of operators, which Cedar's own parser has to read."""
    opened = 97
    for begin, end in (("(", ")"), ("!(", ")"), ("[", "]"), ("{a: ", "}"), ("[1].contains(", ")"), ("(-", ")")):
        for chain in CHAINS:
            left = MOST_OPERATORS - 8 - measure_operators(begin * opened)
            yield begin * opened + "true" + end * opened + "".join(f" {chain.split()[1]} 1" for _ in range(left))
            yield begin * opened + chain * left + "true" + end * opened
            each = left // opened
            yield (begin + chain * each) * opened + "true" + end * opened
    for opening in ("if ", "if true then true else "):
        closing = " then true else true" if opening == "if " else ""
        yield opening * opened + "true && " * 890 + "true" + closing * opened
        yield f"if ({'if (' * 47}true{') then true else true' * 48} && {'true && ' * 890}true"
    yield from ("principal" + part * 990 + " == 1" for part in (".a", '["a"]'))
    yield "principal has " + "a." * 990 + "a"


def test_policies_at_the_bounds_are_read_in_a_thread_of_a_small_stack(tmp_path):
    texts = [f"{FORBID[:-1]} when {{ {condition} }};" for condition in deepest_conditions()]
    assert all(measure_nesting(text) <= DEEPEST_NESTING for text in texts)
    assert all(MOST_OPERATORS - 200 < measure_operators(text) <= MOST_OPERATORS for text in texts)
    (tmp_path / "deep.cedar").write_text("\n".join(texts))
    ran = subprocess.run([sys.executable, "-c", SMALL_STACK, tmp_path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("[policy-") >= len(texts) - 10


@pytest.mark.parametrize("name", ["policies/own.cedar", "policies/roles.yaml"])
def test_a_pipe_is_a_fault_and_is_not_read(shop, name):
    (shop.root / name).unlink(missing_ok=True)
    os.mkfifo(shop.root / name)
    assert found(shop) == [(name, 0, "policy-unreadable")]


def test_a_file_of_more_than_a_megabyte_is_a_fault(shop):
    shop.policy(FORBID + " " * (1 << 20))
    assert ("policies/own.cedar", 0, "policy-size") in found(shop)


def test_a_policy_after_a_comment_that_ends_with_a_carriage_return_is_read(shop):
    shop.policy(f"// a comment\r{FORBID[:-1]} when {{ principal.nothing }};")
    assert found(shop) == [("policies/own.cedar", 1, "policy-type")]


@pytest.mark.parametrize("literal", ["1.23456", "922337203685477.5808", "1", "1.", "1e3"])
def test_a_decimal_that_cedar_cannot_hold_is_a_fault(shop, literal):
    shop.policy(when(f'decimal("{literal}").lessThan(decimal("2.0"))'))
    assert [rule for _, _, rule in found(shop)] == ["policy-type"]


def test_every_fault_of_every_file_is_reported(shop):
    shop.policy('@maks("redact")\nforbid (principal in Role::"boss", action, resource);')
    shop.policy("permit (principal, action, resource)", "policies/deep/er/more.cedar")
    shop.domain_policy('permit (principal, action == Action::"show", resource);')
    assert found(shop) == [
        ("domains/shop/src/shop/policies/narrow.cedar", 1, "domain-permit"),
        ("policies/deep/er/more.cedar", 1, "policy-syntax"),
        ("policies/own.cedar", 2, "policy-annotation"),
        ("policies/own.cedar", 2, "unknown-role"),
    ]


def test_a_policy_in_a_nested_folder_counts(shop):
    shop.policy(FORBID, "policies/a/b/narrow.cedar")
    assert "show" not in shop.outcomes("clerk", "service").values()


def test_an_id_names_one_policy_in_all_folders(shop):
    shop.policy(f'@id("one")\n{FORBID}')
    shop.domain_policy(f'@id("one")\n{FORBID}')
    assert [rule for _, _, rule in found(shop)] == ["policy-duplicate-id"]
    shop.domain_policy(f'@id("show-within-clearance")\n{FORBID}')
    assert [rule for _, _, rule in found(shop)] == ["policy-duplicate-id"]


@pytest.mark.parametrize("name", ["own.CEDAR", "own.Cedar"])
def test_a_suffix_in_other_letters_is_a_fault(shop, name):
    shop.policy(FORBID, f"policies/{name}")
    assert found(shop) == [(f"policies/{name}", 0, "policy-suffix")]


def test_bytes_that_are_not_utf_8_are_a_fault_with_their_line(shop):
    shop.write("policies/own.cedar", f"{FORBID}\n// caf".encode() + b"\xe9\n")
    assert found(shop) == [("policies/own.cedar", 2, "policy-encoding")]


def test_a_link_is_a_fault_wherever_it_leads(shop, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "wide.cedar").write_text("permit (principal, action, resource);")
    (shop.root / "policies/wide.cedar").symlink_to(elsewhere / "wide.cedar")
    (shop.root / "policies/more").symlink_to(elsewhere)
    (shop.root / "policies/gone.cedar").symlink_to(elsewhere / "gone.cedar")
    assert found(shop) == [
        ("policies/gone.cedar", 0, "policy-link"),
        ("policies/more", 0, "policy-link"),
        ("policies/wide.cedar", 0, "policy-link"),
    ]


def test_a_folder_of_policies_that_is_a_link_is_a_fault(shop, tmp_path_factory):
    folder = shop.root / "domains/shop/src/shop/policies"
    folder.symlink_to(tmp_path_factory.mktemp("elsewhere"))
    assert found(shop) == [("domains/shop/src/shop/policies", 0, "policy-link")]


def test_a_folder_of_policies_that_cannot_be_listed_is_a_fault(shop):
    (shop.root / "domains/shop/src/shop/policies").write_text("no folder")
    assert found(shop) == [("domains/shop/src/shop/policies", 0, "policy-unreadable")]


def test_a_domain_narrows_its_own_products_alone(shop):
    shop.domain_policy('forbid (principal, action in [Action::"show", Action::"mask"], resource);')
    assert shop.decide("clerk", "service").is_refused
    assert not shop.decide("clerk", "service", "market.order").is_refused


@pytest.mark.parametrize("name", ["it's", 'say "when"', "a\\b", "x\ty", "} ; permit", "žluťoučký", "// no"])
def test_names_of_contracts_are_never_read_as_policy_text(shop, name):
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
    text = contract_text().replace("  - role: clerk", f"  - role: {quoted}")
    shop.write("domains/shop/src/shop/contracts/customer.odcs.yaml", text)
    assert shop.decide("clerk", "service").is_refused
    assert not shop.decide("seller", "marketing").is_refused
    bodies = [policy.body["principal"] for policy in shop.load().ports[PORT].sides[1].policies.values()]
    assert {"op": "in", "entity": {"type": "Role", "id": name}} in bodies


def test_a_byte_order_mark_and_carriage_returns_are_read(shop):
    shop.write("policies/own.cedar", b"\xef\xbb\xbf// one\r\n" + FORBID.encode() + b"\r\n")
    assert "show" not in shop.outcomes("clerk", "service").values()


def test_semicolons_and_comments_within_texts_split_nothing(shop):
    second = when('resource.name == "//"')
    shop.policy(
        '@why("first; // second \\" third")\n'
        'forbid (principal, action == Action::"show", resource) // no; end\n'
        'when { resource.name == "a;b" || resource.name == "phone" };\n' + second
    )
    policies = [policy for policy in shop.load().policies if policy.place.file == "policies/own.cedar"]
    assert [policy.place.line for policy in policies] == [2, 4]
    assert policies[0].annotations["why"] == 'first; // second " third'
