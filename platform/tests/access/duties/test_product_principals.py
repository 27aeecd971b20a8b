"""A product reads its inputs, and looks values up, as a principal: by column and by its own purposes."""

from dataclasses import replace

from helpers.duty_mesh import ANYWHERE, contract, decide_by, registry

from bankmesh.access.duties.column_flows import find_flows
from bankmesh.access.duties.duty_faults import refusal_faults
from bankmesh.access.duties.model import ProductFlow
from bankmesh.access.duties.principal_check import find_refused_reads
from bankmesh.access.model import ColumnDecision, ColumnOutcome
from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.model import NONE_AT_ALL, Clause, Severity
from bankmesh.errors import Place
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype

S, P = "source.party", "use.score"
KNOWN = registry({"analyst": ("confidential", ["service"])})
COPY = StepLineage({"score": frozenset({Dependency(ColumnRef(S, "income"), TransformationSubtype.IDENTITY)})})


def source_of(*consumers, domain="source"):
    return contract(
        f"{domain}.party",
        {"income": "restricted", "name": "restricted"},
        ("service",),
        ("analyst",),
        consumers=consumers,
    )


def product_of(clauses=(), purposes=("service",)):
    return contract(P, {"score": "restricted"}, purposes, ("analyst",), clauses=clauses)


def refused(source, product, reads=True, change=lambda decision: decision):
    inputs = {source.port: source} if reads else {}
    lineage = COPY.renamed({S: source.port})
    flow = ProductFlow(product, inputs, find_flows(lineage, ["score"], {port: ["income", "name"] for port in inputs}))
    contracts = {source.port: source, P: product}
    decide = decide_by(contracts.values(), KNOWN)
    return find_refused_reads(flow, contracts, KNOWN, lambda *asked: change(decide(*asked)))


def lookup(column, place=ANYWHERE):
    rule = MissingReferences(("score",), S, (column,))
    return Clause("ref", rule, NONE_AT_ALL, Severity.ERROR, "d", None, ("score",), whole_table=False, place=place)


def test_a_product_of_another_domain_is_admitted_by_name():
    assert refused(source_of(P), product_of()) == ()
    assert refused(source_of("use.score@1"), product_of()) == ()
    found = refused(source_of("use.other", "a_team"), product_of())
    assert {one.source.column for one in found} == {"income", "*"}
    assert all("products of source and by its `consumers`: use.other, a_team" in one.problem for one in found)


def test_a_product_of_the_same_domain_needs_no_mention():
    assert refused(source_of(domain="use"), product_of()) == ()


def test_a_contract_without_purposes_is_read_by_those_whom_it_admits():
    assert refused(replace(source_of(P), purposes=()), product_of(purposes=())) == ()
    assert refused(replace(source_of(), purposes=()), product_of(purposes=())) != ()


def withholding(column):
    def change(decision):
        columns = {**decision.columns, column: ColumnDecision(column, ColumnOutcome.WITHHOLD)}
        return replace(decision, columns=columns)

    return change


def test_a_column_that_a_policy_withholds_from_products_is_refused_if_it_is_read_and_only_then():
    (found,) = refused(source_of(P), product_of(), change=withholding("income"))
    assert (str(found.source), found.purpose) == ("source.party.income", "service")
    assert refused(source_of(P), product_of(), change=withholding("name")) == ()


def test_a_relationship_targets_only_columns_that_the_product_can_read():
    clauses = [lookup("name", Place("use.odcs.yaml", 42))]
    assert refused(source_of(P), product_of(clauses), reads=False) == ()
    (found,) = refused(source_of(P), product_of(clauses), reads=False, change=withholding("name"))
    assert found.place == Place("use.odcs.yaml", 42)
    assert refused(source_of(), product_of(clauses), reads=False) != ()


def test_a_fault_has_the_line_of_the_read_and_the_name_to_add():
    source, product = source_of(), product_of()
    (fault,) = refusal_faults(product, {S: source}, refused(source, product), {S: Place("defs.yaml", 9)})
    assert (fault.file, fault.line, fault.rule) == ("defs.yaml", 9, "input-refused")
    assert "use.score reads source.party (income)" in fault.message
    assert f"add use.score to `consumers` of {source.file}" in fault.message
