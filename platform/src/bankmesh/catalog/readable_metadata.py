"""Facts of the catalog as one reader may see them: what was computed from withheld columns or rows is left out.

Facts are plain values as commands print them as JSON. A number that may not be shown is None, as one that is not known.
Functions return copies; a decision of None means that nobody has identified themselves.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bankmesh.access.metadata_decisions import owns_facts, shows_every_row, shows_measure
from bankmesh.contracts.clause_rules import Expectation, SqlMeasure
from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.access.model import AccessDecision, Principal
    from bankmesh.catalog.product_status import ProductStatus
    from bankmesh.catalog.recorded_reads import RecordedRead
    from bankmesh.contracts.model import Contract

_MEASURES = ("observed", "failing_rows", "message")
_STATISTICS = frozenset({"dataQualityMetrics", "inputStatistics", "outputStatistics"})
"""The facets of OpenLineage events that count rows or nulls."""
_CODE = ("sql", "sourceCode")
_PATHS = frozenset({"dataSource"})
_SIZES = ("rows", "rows_seen", "bytes")


def readable_state(state: ProductStatus, decision: AccessDecision | None) -> ProductStatus:
    """Return the state of a product; without its rows if some of them are withheld from the reader."""
    return state if shows_every_row(decision) else replace(state, rows=None)


def readable_version(version: Mapping[str, Any], contract: Contract, decision: AccessDecision | None) -> dict[str, Any]:
    """Return a published version as `mesh show` has it.

    Rows and bytes need a decision that shows every row, the values of partitions one that shows their column, and the
    measures of a clause one that shows all columns that it reads. Names and outcomes of clauses are shown to everybody.
    """
    gate = dict(version["gate"])
    if "clauses" in gate:
        gate["clauses"] = [_readable_result(entry, entry["name"], contract, decision) for entry in gate["clauses"]]
    found = {**version, "gate": gate}
    if not shows_every_row(decision):
        found |= {name: None for name in _SIZES if name in found}
        gate |= {name: None for name in _SIZES if name in gate}
    if version.get("partitions") and not _shows_partitions(contract, decision):
        found["partitions"] = []
    return found


def clause_columns(contract: Contract, name: str) -> tuple[str, ...]:
    """Return the columns that a clause reads; empty if they are not known: queries may read any column."""
    clause = next((clause for clause in contract.clauses if clause.name == name), None)
    is_known = clause is not None and not isinstance(clause.rule, SqlMeasure | Expectation | DbtTest)
    return clause.columns if clause is not None and is_known else ()


def _shows_partitions(contract: Contract, decision: AccessDecision | None) -> bool:
    """Whether the values of partitions are shown; without a decision those of a column that is at most internal."""
    if contract.partitioning is None:
        return False
    column = contract.column(contract.partitioning.column)
    if decision is None:
        return column.classification <= Classification.INTERNAL
    return shows_measure(decision, contract, (column.name,))


def readable_description(
    facts: Mapping[str, Any], contract: Contract, decision: AccessDecision | None, principal: Principal | None
) -> dict[str, Any]:
    """Return the description of a product as `mesh catalog show` has it.

    Recorded reads are for owners and stewards of the domain, and auditors; None in place of them for everybody else.
    """
    quality = dict(facts["quality"])
    quality["not_passed"] = [
        _readable_result(entry, entry["check_name"], contract, decision) for entry in quality["not_passed"]
    ]
    found = {**facts, "quality": quality}
    if not shows_every_row(decision):
        found["published"] = {**facts["published"], "rows": None}
        found["publications"] = [
            {name: None if name in _SIZES else value for name, value in made.items()} for made in facts["publications"]
        ]
    if not owns_facts(principal, contract.domain):
        found["consumers"] = {**facts["consumers"], "recorded": None}
    return found


def readable_uses(uses: Iterable[RecordedRead], domain: str, principal: Principal | None) -> list[RecordedRead]:
    """Return the recorded reads of products of a domain that may be named: all of them, or none."""
    return list(uses) if owns_facts(principal, domain) else []


def readable_event(event: Mapping[str, Any], domain: str, principal: Principal | None) -> dict[str, Any]:
    """Return an OpenLineage event about a dataset of a domain.

    Its statistics and measures are of all rows and columns, its code holds literals, and its datasets are named by
    their paths. So they are for owners and stewards of the domain, and auditors. Everybody else gets no numbers of
    rows, nulls and failing rows, no code, and the names of products and landings in place of paths.
    """
    if owns_facts(principal, domain):
        return dict(event)
    found = deepcopy(dict(event))
    for item in (*found.get("inputs", ()), *found.get("outputs", ())):
        for name in ("facets", "inputFacets", "outputFacets"):
            facets = item.get(name, {})
            for left_out in (_STATISTICS | _PATHS).intersection(facets):
                del facets[left_out]
            for assertion in facets.get("dataQualityAssertions", {}).get("assertions", ()):
                assertion.pop("actual", None)
    _leave_out_code(found.get("job", {}).get("facets", {}))
    _name_datasets(found)
    return found


def _leave_out_code(facets: dict[str, Any]) -> None:
    """Remove the code from the facets of a job, and its place if that is a path."""
    for name in _CODE:
        facets.pop(name, None)
    if not str(facets.get("sourceCodeLocation", {}).get("url", "")).startswith(("http://", "https://")):
        facets.pop("sourceCodeLocation", None)


def _name_datasets(event: dict[str, Any]) -> None:
    """Replace the paths by which an event names its datasets by their logical names, also in the lineage of columns."""
    datasets = [*event.get("inputs", ()), *event.get("outputs", ())]
    logical = {}
    for dataset in datasets:
        for other in dataset.get("facets", {}).get("symlinks", {}).get("identifiers", ())[:1]:
            logical[dataset["namespace"], dataset["name"]] = (other["namespace"], other["name"])
    named = list(datasets)
    for dataset in datasets:
        lineage = dataset.get("facets", {}).get("columnLineage", {})
        named += lineage.get("dataset", ())
        for column in lineage.get("fields", {}).values():
            named += column.get("inputFields", ())
    for each in named:
        path = each["namespace"], each["name"]
        each["namespace"], each["name"] = logical.get(path) or (path[0], path[1].rpartition("/")[2])


def _readable_result(
    entry: Mapping[str, Any], clause: str, contract: Contract, decision: AccessDecision | None
) -> dict[str, Any]:
    """Return the result of one clause."""
    measures = () if shows_measure(decision, contract, clause_columns(contract, clause)) else _MEASURES
    sizes = () if shows_every_row(decision) else _SIZES
    return {name: None if name in {*measures, *sizes} else value for name, value in entry.items()}
