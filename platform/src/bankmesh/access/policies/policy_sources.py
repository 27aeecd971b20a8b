"""Cedar files of the platform, of the workspace and of its domains, read with their faults.

A policy that would be ignored is a fault: a file with another suffix or behind a symbolic link, a template, an
annotation or action that nothing reads, a reference to a role or purpose that does not exist.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.access.policies.model import (
    COLUMN,
    DOMAIN,
    MASK,
    OBLIGATIONS,
    PRODUCT,
    PURPOSE,
    ROLE,
    SHOW,
    CedarPolicy,
    PolicyEffect,
    PolicyOrigin,
)
from bankmesh.access.policies.parser_stack import on_large_stack
from bankmesh.access.policies.policy_text import PolicyStatement, measure_nesting, measure_operators, split_policies
from bankmesh.access.registry.registry_load import NO_FILE
from bankmesh.errors import Fault, Place
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    import cedarpy

SUFFIX = ".cedar"
POLICY_FOLDER = "policies"
PLATFORM_LABEL = "platform/policies"
LARGEST_FILE = 1 << 20
DEEPEST_NESTING = 100
MOST_OPERATORS = 1_000
"""Operators within each other, before Cedar parses them."""
DEEPEST_BODY = 125
"""Levels of Cedar's JSON of one policy, about two for an operator of a chain. Cedar reads JSON of at most 127 levels,
of which the set of policies around it has two."""
_ANNOTATIONS = ("id", "mask", "obligation", "why")
_DOMAIN_PERMIT = (
    "a domain's folder narrows what the hub and its contracts permit, so it holds only `forbid`; "
    "permits are in the workspace's folder `policies`, or are roles and purposes of the contract"
)


@dataclass(frozen=True)
class PolicyFolder:
    """A folder of Cedar files; `label` replaces its path in the places of its policies."""

    folder: Path
    label: str
    origin: PolicyOrigin
    domain: str = ""


def policy_folders(root: Path, platform: Path) -> tuple[PolicyFolder, ...]:
    """Return the folders of policies that apply to a workspace; a folder need not exist."""
    hub = PolicyFolder(platform, PLATFORM_LABEL, PolicyOrigin.PLATFORM)
    own = PolicyFolder(root / POLICY_FOLDER, POLICY_FOLDER, PolicyOrigin.WORKSPACE)
    return (hub, own, *(_domain_folder(root, package) for package in domain_packages(root)))


def _domain_folder(root: Path, package: Path) -> PolicyFolder:
    folder = package / POLICY_FOLDER
    return PolicyFolder(folder, folder.relative_to(root).as_posix(), PolicyOrigin.DOMAIN, package.name)


@dataclass(frozen=True)
class PolicyFile:
    """The text of a Cedar file; `name` is its path in the places of its policies."""

    name: str
    path: Path
    folder: PolicyFolder
    text: str


def read_policy_files(folders: Iterable[PolicyFolder]) -> tuple[tuple[PolicyFile, ...], tuple[Fault, ...]]:
    """Return every Cedar file below the folders, and the faults of files.

    Faults: `policy-link`, `policy-suffix`, `policy-encoding`, `policy-unreadable`, `policy-size`.
    """
    found: list[PolicyFile] = []
    faults: list[Fault] = []
    for folder in folders:
        for path in _walk(folder.folder, faults):
            name = "/".join([folder.label, *path.relative_to(folder.folder).parts])
            text = _read(path, faults)
            if text is not None:
                found.append(PolicyFile(name, path, folder, text))
    return tuple(found), tuple(faults)


def _walk(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    """Yield every file and link below a folder, sorted; links are not followed.

    A folder that cannot be listed may hold a `forbid`, so it is a fault; one that does not exist holds none.
    """
    if folder.is_symlink():
        yield folder
        return

    def report(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            problem = f"the folder cannot be listed: {error.strerror}"
            faults.append(Fault(str(error.filename), 0, "policy-unreadable", problem))

    for here, folders, files in os.walk(folder, onerror=report):
        folders.sort()
        links = [name for name in folders if Path(here, name).is_symlink()]
        yield from (Path(here, name) for name in sorted([*files, *links]))


def _read(path: Path, faults: list[Fault]) -> str | None:
    name = str(path)
    if path.is_symlink():
        faults.append(Fault(name, 0, "policy-link", "symbolic links are not followed; put the file itself here"))
        return None
    if path.suffix != SUFFIX:
        if path.suffix.lower() == SUFFIX:
            faults.append(Fault(name, 0, "policy-suffix", f"the suffix is {path.suffix}; only {SUFFIX} is read"))
        return None
    content = _read_bytes(path, faults)
    return None if content is None else _decode(name, content, faults)


def _read_bytes(path: Path, faults: list[Fault]) -> bytes | None:
    try:
        if not path.is_file():
            faults.append(Fault(str(path), 0, "policy-unreadable", NO_FILE))
            return None
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        faults.append(Fault(str(path), 0, "policy-unreadable", f"the file cannot be read: {error.strerror}"))
        return None


def _decode(name: str, content: bytes, faults: list[Fault]) -> str | None:
    if len(content) > LARGEST_FILE:
        faults.append(Fault(name, 0, "policy-size", f"the file has more than {LARGEST_FILE:,} bytes; split it"))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(Fault(name, line, "policy-encoding", f"byte {error.start} is not UTF-8; save the file as UTF-8"))
        return None


def parse_policies(file: PolicyFile) -> tuple[tuple[CedarPolicy, ...], tuple[Fault, ...]]:
    """Return the policies of one Cedar file, and its faults.

    Faults: `policy-empty`, `policy-nesting`, `policy-syntax`, `policy-template`, `policy-annotation`, `policy-mask`,
    `policy-obligation`, `domain-permit`.
    """
    policies: list[CedarPolicy] = []
    faults: list[Fault] = []
    name = str(file.path)
    statements = list(split_policies(file.text))
    if not statements:
        faults.append(Fault(name, 0, "policy-empty", "the file holds no policy; write one, or remove the file"))
    for statement, found in zip(statements, on_large_stack(lambda: _parse_statements(file, statements)), strict=True):
        if isinstance(found, CedarPolicy):
            policies.append(found)
        else:
            faults.append(Fault(name, statement.line, found.rule, str(found)))
    for policy in policies:
        faults += (Fault(name, policy.place.line, rule, message) for rule, message in _check_shape(policy))
    return tuple(policies), tuple(faults)


_TOO_DEEP = (
    f"brackets and `if` of this policy nest deeper than {DEEPEST_NESTING} levels, and Cedar's parser could end the "
    "process; write fewer of them, or several policies"
)
_TOO_MANY = (
    f"more than {MOST_OPERATORS:,} operators of this policy are chained or nested in each other, and Cedar's parser "
    "could end the process; search a set with `contains`, or write several policies"
)
_TOO_LONG = (
    f"operators of this policy nest deeper than {DEEPEST_BODY} levels of Cedar's JSON, each of a chain in the one "
    "before; search a set with `contains`, or write several policies"
)


def _is_deeper(body: object, most: int) -> bool:
    """Whether JSON nests deeper than so many levels; found level by level, because recursion has a limit itself."""
    level = [body]
    for _ in range(most):
        parts = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [part for several in parts for part in several]
        if not level:
            return False
    return True


class _WrongPolicyError(ValueError):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def _parse_statements(file: PolicyFile, statements: Iterable[PolicyStatement]) -> list[CedarPolicy | _WrongPolicyError]:
    """Return the policy of each statement, or what is wrong with it; it needs a large stack."""
    found: list[CedarPolicy | _WrongPolicyError] = []
    for statement in statements:
        try:
            found.append(_parse_statement(file, statement))
        except _WrongPolicyError as wrong:
            found.append(wrong)
    return found


def _parse_statement(file: PolicyFile, statement: PolicyStatement) -> CedarPolicy:
    import cedarpy

    if measure_nesting(statement.text) > DEEPEST_NESTING:
        raise _WrongPolicyError("policy-nesting", _TOO_DEEP)
    if measure_operators(statement.text) > MOST_OPERATORS:
        raise _WrongPolicyError("policy-nesting", _TOO_MANY)
    try:
        found: Mapping[str, Any] = json.loads(cedarpy.policies_to_json_str(statement.text))
    except RecursionError:
        raise _WrongPolicyError("policy-nesting", _TOO_LONG) from None
    except ValueError as error:
        raise _WrongPolicyError("policy-syntax", f"Cedar cannot read this policy: {error}") from error
    if found.get("templates") or found.get("templateLinks"):
        message = "?principal and ?resource make a template, which decides nothing; name the role or resource"
        raise _WrongPolicyError("policy-template", message)
    bodies = list(found["staticPolicies"].values())
    if len(bodies) != 1 or not statement.is_complete:
        raise _WrongPolicyError("policy-syntax", "Cedar cannot read this policy: it does not end with one semicolon")
    body = bodies[0]
    if _is_deeper(body, DEEPEST_BODY):
        raise _WrongPolicyError("policy-nesting", _TOO_LONG)
    return CedarPolicy(
        origin=file.folder.origin,
        effect=PolicyEffect(body["effect"]),
        place=Place(file.name, statement.line),
        annotations={name: value or "" for name, value in body.get("annotations", {}).items()},
        body=body,
        text=statement.text,
        domain=file.folder.domain,
    )


def _check_shape(policy: CedarPolicy) -> Iterator[tuple[str, str]]:
    """Yield rule and message of each fault of one policy that needs no other file."""
    if policy.origin is PolicyOrigin.DOMAIN and policy.effect is not PolicyEffect.FORBID:
        yield "domain-permit", _DOMAIN_PERMIT
    for name in sorted(policy.annotations.keys() - set(_ANNOTATIONS)):
        yield "policy-annotation", f"nothing reads the annotation @{name}; allowed: {', '.join(_ANNOTATIONS)}"
    for name in _ANNOTATIONS:
        if name in policy.annotations and not policy.annotations[name].strip():
            yield "policy-annotation", f"@{name} is blank; write a value, or leave it out"
    obligation = policy.annotations.get("obligation")
    if obligation and obligation not in OBLIGATIONS:
        yield (
            "policy-obligation",
            f"the obligation {obligation} is not known; allowed: {', '.join(sorted(OBLIGATIONS))}",
        )
    yield from _check_mask(policy)


def _check_mask(policy: CedarPolicy) -> Iterator[tuple[str, str]]:
    from bankmesh.access.masks.mask_rules import parse_mask

    written = policy.annotations.get("mask")
    if not written:
        return
    try:
        parse_mask(written)
    except ValueError as error:
        yield "policy-mask", str(error)
    action = MASK if policy.effect is PolicyEffect.PERMIT else SHOW
    if policy.actions != {action}:
        message = f"@mask has an effect on `{policy.effect}` of the action {action} alone; this policy names another"
        yield "policy-mask", f'{message}; write `action == Action::"{action}"`'


def check_names(
    policies: Sequence[CedarPolicy],
    roles: Iterable[str],
    purposes: Iterable[str],
    schema_names: Mapping[str, frozenset[str]],
) -> Iterator[Fault]:
    """Yield `policy-duplicate-id`, and `unknown-role`, `unknown-purpose`, `unknown-entity` for what is not declared.

    `schema_names` are the ids of the entities of type Domain, Product and Column.
    """
    known = {ROLE: frozenset(roles), PURPOSE: frozenset(purposes), **schema_names}
    first: dict[str, CedarPolicy] = {}
    for policy in policies:
        at = policy.place
        named = policy.annotations.get("id")
        earlier = first.setdefault(named, policy) if named else policy
        if earlier is not policy:
            yield Fault(at.file, at.line, "policy-duplicate-id", f"@id {named} is also that of {earlier.place}")
        for kind, name in dict.fromkeys(_referenced(policy.body)):
            if kind in known and name not in known[kind]:
                yield Fault(at.file, at.line, _RULES.get(kind, "unknown-entity"), _unknown(kind, name, known[kind]))


_RULES = {ROLE: "unknown-role", PURPOSE: "unknown-purpose"}
_WORDS = {ROLE: "role", PURPOSE: "purpose", DOMAIN: "domain", PRODUCT: "product", COLUMN: "column"}


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    from bankmesh.errors import UnknownName

    return str(UnknownName(_WORDS[kind], name, known)).rstrip(".")


def _referenced(body: object) -> Iterator[tuple[str, str]]:
    """Yield type and id of each entity that a policy names, and the texts that it looks for in `principal.roles`."""
    if isinstance(body, Mapping):
        if isinstance(body.get("type"), str) and isinstance(body.get("id"), str):
            yield body["type"], body["id"]
        for key, value in body.items():
            if key in {"contains", "containsAny", "containsAll"} and _is_attribute(value.get("left"), "roles"):
                yield from ((ROLE, text) for text in _texts(value.get("right")))
            if key != "annotations":
                yield from _referenced(value)
    elif isinstance(body, list):
        for each in body:
            yield from _referenced(each)


def _is_attribute(node: object, name: str) -> bool:
    return isinstance(node, Mapping) and isinstance(node.get("."), Mapping) and node["."].get("attr") == name


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        value = node.get("Value")
        if isinstance(value, str):
            yield value
        yield from (text for each in node.get("Set") or () for text in _texts(each))


def check_types(policies: Iterable[CedarPolicy], schema: cedarpy.Schema) -> Iterator[Fault]:
    """Yield `policy-type` for each policy that Cedar's strict validation against the schema refuses."""
    import cedarpy

    checked = list(policies)
    results = on_large_stack(lambda: [cedarpy.validate_policies(policy.text, schema) for policy in checked])
    for policy, found in zip(checked, results, strict=True):
        for error in found.errors:
            message = error.error.removeprefix(f"for policy `{error.policy_id}`, ")
            yield Fault(policy.place.file, policy.place.line, "policy-type", message)
