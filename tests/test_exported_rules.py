"""An exported contract means what the gate means: datacontract-cli gives the gate's verdict on the same rows.

Random rules over a small table of odd values: each of them is evaluated by our gate and, exported, by datacontract-cli.
"""

import logging
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bankmesh.catalog.export import PortFacts, standalone_contract
from bankmesh.catalog.export.exported_files import dump
from bankmesh.contracts.model import Operator
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.ports import connect
from bankmesh.quality.gate import GateRelations, Outcome, evaluate

HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: retail.thing
name: thing
domain: retail
version: 1.0.0
status: active
description: {purpose: A trial.}
team: {name: retail-data}
support: [{channel: retail-help}]
customProperties: [{property: productType, value: aggregate}]
"""
TYPES = {
    "name": ({"logicalType": "string"}, pl.String()),
    "number": ({"logicalType": "integer", "physicalType": "long"}, pl.Int64()),
    "order": ({"logicalType": "integer", "physicalType": "integer"}, pl.Int32()),
    "amount": ({"logicalType": "number", "physicalType": "decimal(20,2)"}, pl.Decimal(20, 2)),
    "ratio": ({"logicalType": "number", "physicalType": "double"}, pl.Float64()),
    "flag": ({"logicalType": "boolean"}, pl.Boolean()),
    "day": ({"logicalType": "date"}, pl.Date()),
    "labels": ({"logicalType": "array", "items": {"logicalType": "string"}}, pl.List(pl.String())),
}
VALUES = {
    "name": ["A", "AB12", "a\nb", "", "N/A", "it's {2}"],
    "number": [0, 1, 2, 9007199254740993, -5],
    "order": [0, 1, 2],
    "amount": [Decimal("0.10"), Decimal("0.30"), Decimal("200000000000000.01"), Decimal("-1.00")],
    "ratio": [0.1, 0.3, 0.0009322947576750643, 1e300, -0.0],
    "flag": [True, False],
    "day": ["2024-01-31", "1990-01-01"],
    "labels": [["A"], ["B", "B"], [], ["A", None]],
}
PATTERNS = ["[A-Z]{2}[0-9]{2}", "A", "a.b", "^A$", "A|N/A", "", "[A-Z]*"]
QUERIES = [
    "select count(*) from ${table}",
    "select count(*) from ${object} where name = 'it''s {2}' or regexp_full_match(name, '[A-Z]{2}[0-9]{2}')",
    "select sum(amount) from ${table}",
    "select max(amount) from ${ table }",
    "select sum(ratio) from ${table}",
    "select avg(number) from ${table}",
    "select sum(number) from ${table}",
    "with t as (select * from {table}) select count(distinct name) from t;",
    "select 100.0 * count(*) filter (name is null) / nullif(count(*), 0) from ${table}",
]
BOUNDS = [
    "0",
    "1",
    "2",
    "3",
    "0.1",
    "0.3",
    "0.5",
    "33.333333",
    "200000000000000.01",
    "200000000000000.00",
    "9007199254740993",
]
SHARES = ["0", "10", "20", "25.0", "33.333333", "33.3333333333", "50", "66.666667", "100"]


def rows():
    """Up to nine rows; each column has few values, so that they repeat."""
    return st.lists(
        st.fixed_dictionaries({n: st.one_of(st.none(), st.sampled_from(v)) for n, v in VALUES.items()}), max_size=9
    )


def comparisons(bounds):
    number = st.sampled_from(bounds).map(yaml_number)
    single = st.sampled_from([o for o in Operator if "Between" not in o]).flatmap(
        lambda operator: number.map(lambda bound: {str(operator): bound})
    )
    pair = st.lists(number, min_size=2, max_size=2, unique=True).map(sorted)
    double = st.tuples(st.sampled_from([Operator.BETWEEN, Operator.NOT_BETWEEN]), pair).map(
        lambda drawn: {str(drawn[0]): drawn[1]}
    )
    return st.one_of(single, double)


def yaml_number(text):
    return Decimal(text) if "." in text else int(text)


@st.composite
def metric_rules(draw):
    """A rule with a metric, and the column it is about; None for the table."""
    metric = draw(
        st.sampled_from(["nullValues", "missingValues", "invalidValues", "duplicateValues", "keys", "rowCount"])
    )
    unit = draw(st.sampled_from([None, "rows", "percent"])) if metric != "rowCount" else None
    rule = {
        "metric": "duplicateValues" if metric == "keys" else metric,
        **draw(comparisons(SHARES if unit == "percent" else BOUNDS)),
    }
    if unit:
        rule["unit"] = unit
    if metric == "keys":
        names = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=3, unique=True))
        return None, rule | {"arguments": {"properties": names}}
    if metric == "rowCount":
        return None, rule
    column = draw(st.sampled_from(list(TYPES)))
    values = VALUES[column] if column != "labels" else ["A", "B"]
    listed = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True))
    if metric == "missingValues":
        rule["arguments"] = {"missingValues": draw(st.sampled_from([listed, [None, *listed], [None]]))}
    if metric == "invalidValues":
        by_pattern = column in ("name", "labels") and draw(st.booleans())
        rule["arguments"] = {"pattern": draw(st.sampled_from(PATTERNS))} if by_pattern else {"validValues": listed}
    return column, rule


@st.composite
def query_rules(draw):
    return draw(st.sampled_from([None, "number"])), {
        "type": "sql",
        "query": draw(st.sampled_from(QUERIES)),
        **draw(comparisons(BOUNDS)),
    }


def contract_text(rules):
    """A contract with these rules, `r0`, `r1`, and so on; every third one only warns."""
    table = {"name": "thing", "properties": []}
    owners = {None: table}
    for name, (type_, _) in TYPES.items():
        owners[name] = {"name": name, "description": "x.", "classification": "internal", **type_}
        table["properties"].append(owners[name])
    for number, (column, rule) in enumerate(rules):
        severity = {"severity": "warning"} if number % 3 == 2 else {}
        owners[column].setdefault("quality", []).append({"id": f"r{number}", **rule, **severity})
    return HEAD + dump({"schema": [table]})


def frame(data):
    given_types = {name: pl.String() if name == "day" else type_ for name, (_, type_) in TYPES.items()}
    return pl.DataFrame(data, schema=given_types).with_columns(pl.col("day").str.to_date())


def verdicts(place, rules, data):
    """By rule: whether the gate found it kept, and whether datacontract-cli did."""
    from datacontract.data_contract import DataContract

    contract, faults = read_text("thing.odcs.yaml", contract_text(rules))
    assert faults == (), faults
    frame(data).write_delta(place, mode="overwrite", delta_write_options={"schema_mode": "overwrite"})
    exported = dump(standalone_contract(PortFacts(contract, None, str(place), (), ())))
    again, faults = read_text("thing.odcs.yaml", exported)
    assert faults == (), faults
    assert [clause.name for clause in again.clauses] == [clause.name for clause in contract.clauses]
    with connect() as connection:
        written = [f"r{number}" for number in range(len(rules))]
        gate = evaluate(contract, GateRelations(f"delta_scan('{place}')"), connection, only=written)
        ours = {result.clause.name: result.outcome for result in gate.results}
    with connect() as connection:
        run = DataContract(data_contract_str=exported, duckdb_connection=connection).test()
    theirs = {check.qualityId: check.result.value for check in run.checks if check.qualityId}
    assert set(ours) == set(theirs), (run.logs[-1].message, exported)
    words = {Outcome.PASSED: "passed", Outcome.WARNED: "warning", Outcome.FAILED: "failed"}
    return {name: (str(words.get(outcome, "failed")), theirs[name]) for name, outcome in ours.items()}, exported


def disagreements(place, rules, data):
    found, exported = verdicts(place, rules, data)
    written = {rule["id"]: rule for owner in _owners(exported) for rule in owner.get("quality", [])}
    return [
        (ours, theirs, rules[int(name[1:])], written[name]) for name, (ours, theirs) in found.items() if ours != theirs
    ]


def _owners(exported):
    (table,) = yaml.safe_load(exported)["schema"]
    return [table, *table["properties"]]


@pytest.fixture(autouse=True)
def quiet():
    logging.getLogger("datacontract").setLevel(logging.ERROR)


OPTIONS = {  # by column: its declaration, values that keep it, one that breaks it
    "a": ("integer", "long", "{exclusiveMinimum: 0, exclusiveMaximum: 10}", [1, 9, None], 10, pl.Int64()),
    "b": ("integer", "long", "{minimum: 0, exclusiveMinimum: -1, maximum: 5}", [1, 0, None], -1, pl.Int64()),
    "c": (
        "number",
        "decimal(20,2)",
        "{minimum: 0.10, maximum: 200000000000000.01}",
        [Decimal("0.10"), Decimal("200000000000000.01"), None],
        Decimal("200000000000000.02"),
        pl.Decimal(20, 2),
    ),
    "d": (
        "number",
        "double",
        "{minimum: 0.0009322947576750643}",
        [0.0009322947576750643, 0.3, None],
        0.0009,
        pl.Float64(),
    ),
    "e": (
        "date",
        "date",
        "{minimum: '2020-01-01', exclusiveMaximum: '2021-01-01'}",
        [date(2020, 1, 1)] * 3,
        date(2021, 1, 1),
        pl.Date(),
    ),
    "f": ("string", "string", "{minLength: 1, maxLength: 5, pattern: 'A|B.*'}", ["A", "Bx", None], "xA", pl.String()),
    "g": (
        "array",
        "array",
        "{minItems: 1, maxItems: 3, uniqueItems: true}",
        [["A", "B"], ["A", None, None], None],
        ["A", "A"],
        pl.List(pl.String()),
    ),
}


@pytest.mark.parametrize("broken", [frozenset(), frozenset(OPTIONS)], ids=["kept", "broken"])
def test_options_mean_the_same_to_datacontract_cli(tmp_path, broken):
    from datacontract.data_contract import DataContract

    properties = [
        f"      - {{name: {name}, description: x., classification: internal, logicalType: {logical}, "
        f"physicalType: '{physical}', logicalTypeOptions: {options}{', items: {logicalType: string}' if name == 'g' else ''}}}\n"
        for name, (logical, physical, options, *_) in OPTIONS.items()
    ]
    text = HEAD + "schema:\n  - name: thing\n    properties:\n" + "".join(properties)
    contract, faults = read_text("thing.odcs.yaml", text)
    assert faults == (), faults
    data = {
        name: [wrong if name in broken else kept[0], *kept[1:]] for name, (_, _, _, kept, wrong, _) in OPTIONS.items()
    }
    pl.DataFrame(data, schema={name: entry[-1] for name, entry in OPTIONS.items()}).write_delta(str(tmp_path))
    with connect() as connection:
        of_columns = [clause.name for clause in contract.clauses if clause.columns]
        gate = evaluate(contract, GateRelations(f"delta_scan('{tmp_path}')"), connection, only=of_columns)
    assert {result.clause.columns[0] for result in gate.results if result.outcome is not Outcome.PASSED} == broken
    exported = dump(standalone_contract(PortFacts(contract, None, str(tmp_path), (), ())))
    again, faults = read_text("thing.odcs.yaml", exported)
    assert faults == (), faults
    assert {clause.name for clause in again.clauses} == {clause.name for clause in contract.clauses}
    with connect() as connection:
        run = DataContract(data_contract_str=exported, duckdb_connection=connection).test()
    assert all(check.result is not None for check in run.checks)
    assert {check.field for check in run.checks if check.result.value != "passed"} == broken


PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # one example takes seconds: what fails is not made smaller
RULES = st.lists(st.one_of(metric_rules(), metric_rules(), query_rules()), min_size=12, max_size=30)


@settings(max_examples=3, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(rules=RULES, data=rows())
def test_datacontract_cli_agrees_with_the_gate(tmp_path_factory, rules, data):
    assert disagreements(tmp_path_factory.mktemp("agree"), rules, data) == []


@pytest.mark.slow
@settings(max_examples=60, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(rules=RULES, data=rows())
def test_datacontract_cli_agrees_with_the_gate_on_many_tables(tmp_path_factory, rules, data):
    assert disagreements(tmp_path_factory.mktemp("agree"), rules, data) == []
