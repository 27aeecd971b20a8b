"""Nothing written in a contract is silently ignored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts import enforcement_points
from bankmesh.contracts.coverage import coverage, point_of
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.contracts.parsing.odcs_schema import schema
from bankmesh.yaml.documents import leaves, parse, spell


def read(text, file="booking.odcs.yaml"):
    contract, faults = read_text(file, text)
    assert faults == ()
    return contract


def by_path(text):
    return {entry.clause: entry for entry in coverage(read(text))}


def test_every_leaf_has_one_entry_on_its_line(booking):
    entries = coverage(read(booking))
    document, _ = parse("f", booking)
    expected = [(spell(path), document.line(path)) for path, _ in leaves(document.data)]
    *written, casts, kept, volume = entries
    assert [(entry.clause, entry.line) for entry in written] == expected
    assert (casts.clause, casts.where) == ("lossless_casts (default)", "gate: check lossless_casts")
    assert (kept.clause, kept.where) == ("classification (default)", "gate: check classification")
    assert (volume.clause, volume.where) == ("volume (default)", "gate: check volume")
    assert all((entry.where is None) != (entry.reason is None) for entry in entries)
    assert not any(entry.reason == enforcement_points.UNKNOWN[1:] for entry in entries)


@pytest.mark.parametrize(
    ("path", "point"),
    [
        ("schema[0].properties[1].required", "gate: check account_id__required"),
        ("schema[0].properties[0].unique", "gate: check primary_key_unique"),
        ("schema[0].properties[3].logicalTypeOptions.minLength", "gate: check currency__length"),
        ("schema[0].properties[4].quality[0].mustBeLessThan", "gate: check amount_mostly_small"),
        ("schema[0].properties[6].items.logicalTypeOptions.maxLength", "gate: check labels__length"),
        ("schema[0].properties[1].relationships[0].to", "gate: check account_id__references_account"),
        ("schema[0].quality[1].customProperties[0].value", "gate: check one_booking_a_moment"),
        ("schema[0].properties[8].partitioned", "ports: partitions of the Delta table"),
        ("team.name", "dagster: owners"),
        ("slaProperties[0].value", "dagster: freshness policy"),
        ("slaProperties[1].value", "ports: log retention and expiry"),
        ("customProperties[1].value.start", "dagster: partitions"),
        ("support[0].channel", "alerts: route to the owner, by the routing file"),
    ],
)
def test_a_clause_has_a_named_point(booking, path, point):
    assert by_path(booking)[path].where == point


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("slaProperties[2].value", "not measured"),
        ("schema[0].quality[2].description", "prose"),
        ("roles[0].access", "the contract allows no purposes"),
        ("customProperties[2].value", "your own"),
        ("tenant", "for people"),
    ],
)
def test_what_is_not_enforced_says_why(booking, path, word):
    entry = by_path(booking)[path]
    assert not entry.enforced
    assert word in entry.reason


def test_every_check_of_the_gate_is_some_clause(booking):
    contract = read(booking)
    named = {
        entry.where.removeprefix("gate: check ")
        for entry in coverage(contract)
        if (entry.where or "").startswith("gate: check ")
    }
    assert named == {clause.name for clause in contract.clauses} - {"booking_id__required"}  # said by primaryKey


def test_false_promises_nothing(booking):
    text = booking.replace("        unique: true\n", "        unique: false\n        required: false\n", 1)
    found = by_path(text)
    assert found["schema[0].properties[0].unique"].reason == enforcement_points.NOTHING[1:]
    assert found["schema[0].properties[0].required"].reason == enforcement_points.NOTHING[1:]


def _keys(node, at=""):
    """Paths of all keys that the standard's schema names below a definition, one level deep."""
    for part in [node, *node.get("allOf", ())]:
        for key in part.get("properties", {}):
            yield f"{at}.{key}" if at else key


def test_every_key_of_the_standard_is_in_the_table():
    root, defs = schema(), schema()["$defs"]
    element = list(_keys(defs["SchemaElement"]))
    table = [*_keys(defs["SchemaObject"]), *element]
    column = [*_keys(defs["SchemaBaseProperty"]), *element]
    paths = list(_keys(root))
    paths += [f"schema[].{key}" for key in table if key != "properties"]
    paths += [f"schema[].properties[].{key}" for key in column]
    for name, definition in [("support[]", "SupportItem"), ("roles[]", "Role"), ("team", "Team"), ("price", "Pricing"), ("servers[]", "Server"),
                             ("slaProperties[]", "ServiceLevelAgreementProperty")]:  # fmt: skip
        paths += [f"{name}.{key}" for key in _keys(defs[definition])]
    elsewhere = (
        "customProperties",
        "quality",
        "relationships",
        "logicalTypeOptions",
        "schema",
        "support",
        "roles",
        "slaProperties",
    )
    unknown = [
        path for path in paths if path.split(".")[-1] not in elsewhere and point_of(path) == enforcement_points.UNKNOWN
    ]
    assert unknown == []


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_leaf_of_any_sound_contract_is_covered(booking, data):
    lines = booking.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(
            st.sampled_from(["", lines[at].replace("true", "false"), lines[at].replace("]", ", x]"), lines[at] * 2])
        )
    text = "".join(lines)
    contract, faults = read_text("booking.odcs.yaml", text)
    if not faults:
        document, _ = parse("f", text)
        defaults = ["lossless_casts (default)", "classification (default)", "volume (default)"]
        expected = [*(spell(path) for path, _ in leaves(document.data)), *defaults]
        assert [entry.clause for entry in coverage(contract)] == expected
        assert not any(entry.reason == enforcement_points.UNKNOWN[1:] for entry in coverage(contract))


@pytest.mark.parametrize(
    ("value", "path", "where"),
    [
        ("{tolerance: 5}", "customProperties[3].value.tolerance", "gate: check volume"),
        ("{distinct: [currency]}", "customProperties[3].value.distinct[0]", "gate: check volume"),
        ("free", "customProperties[3].value", None),
    ],
)
def test_volume_is_covered_where_it_is_stated(booking, value, path, where):
    found = by_path(f"{booking}  - property: volume\n    value: {value}\n")
    assert found[path].where == where
    assert "volume (default)" not in found
    assert where or "any number of rows fewer" in found[path].reason


def test_a_role_is_enforced_where_it_may_read_for_something(booking):
    allowed = booking.replace(
        "\ncustomProperties:\n", "\ncustomProperties:\n  - property: purposes\n    value: [service]\n"
    )
    assert allowed != booking
    entries = by_path(allowed.replace("    access: read\n", "    access: read\n  - role: other\n"))
    for clause in ("roles[0].role", "roles[0].access"):
        assert entries[clause].where == enforcement_points.ACCESS
    assert "no access: read" in entries["roles[1].role"].reason
    before = by_path(booking)
    assert {before[clause].where for clause in ("roles[0].role", "roles[0].access")} == {None}


def test_every_clause_of_access_has_a_point(party):
    text = party.replace(
        "        classification: internal\n",
        "        classification: internal\n        customProperties:\n          - {property: subject, value: party}\n"
        "          - {property: mask, value: pseudonym}\n",
    ).replace(
        "customProperties:\n  - property: productType",
        "roles:\n  - role: agent\n    access: read\n    customProperties:\n      - {property: purposes, value: [service]}\n"
        "customProperties:\n  - {property: purposes, value: [service]}\n  - property: derivationGrants\n    value:\n"
        "      - {product: a.b, columns: [c], lifts: [rows], by: me, date: '2026-01-01', why: Because.}\n"
        "  - property: productType",
    )
    entries = [
        entry
        for entry in coverage(read(text, "party.odcs.yaml"))
        if entry.clause.startswith(("roles", "customProperties", "schema[0].properties[0].customProperties"))
    ]
    assert len(entries) > 15
    assert [
        entry for entry in entries if entry.where is None or not entry.where.startswith(("access", "dagster"))
    ] == []
