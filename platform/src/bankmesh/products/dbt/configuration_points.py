"""Tables of dbt configuration that changes no row, and of its use by Bankmesh.

A value names the point where the configuration is used; a value that starts with `!` gives the reason why it is not,
and what to write in the contract instead. A key or kind of resource in no table is `UNKNOWN`: a later release of
dbt may have added it.
"""

from __future__ import annotations

UNKNOWN = "!Bankmesh does not know this part of dbt, so it has no effect"

_BUILD = "build: the model as dbt runs it"

MODEL_POINTS: dict[str, str] = {
    "materialized": _BUILD,
    "enabled": "build: a disabled model is left out",
    "versions": _BUILD,
    "description": "!the catalog shows the contract; write description.purpose there",
    "tags": "!assets have the tags of the contract; write tags there",
    "meta": "!nothing reads it; write what consumers need to know as customProperties of the contract",
    "docs": "!no documentation site of dbt is made; the catalog shows the contract",
    "group": "!the owner of a product is the team of its contract; write team there",
    "access": "!consumers read the port, under access control; write the status of the contract",
    "persist_docs": "!no database keeps the tables of a run; write descriptions in the contract",
    "packages": "!nothing is installed for a model; install the package for the platform",
    "event_time": "!no microbatches are built; write the custom property partitioning in the contract",
    "full_refresh": "!every run writes the rows of the query anew",
    "static_analysis": "!every query is parsed for its lineage, regardless of this key",
    "deprecation_date": "!write status, endOfSupport and lifecycle in the contract: mesh contract move",
    "latest_version": "build: the version that ref() without one reads",
    "defined_in": _BUILD,
    "constraints": "!dbt checks them only for enforced contracts; write rules in the contract",
    "time_spine": "!no semantic layer is served; publish the measure as a product",
}
"""Keys of a model, wherever they are set, in the order of the reference."""

COLUMN_POINTS: dict[str, str] = {
    "description": "!the catalog shows the contract; write the description of the property there",
    "data_type": "!types are promised by the contract; write logicalType and physicalType there",
    "tags": "!write classification, or tags of the property, in the contract",
    "meta": "!nothing reads it; write what consumers need to know as customProperties of the contract",
    "constraints": "!dbt checks them only for enforced contracts; write required, unique or rules in the contract",
    "quote": "!the platform quotes every name itself",
    "granularity": "!no semantic layer is served; publish the measure as a product",
    "policy_tags": "!write the classification of the property in the contract",
}
"""Keys of a column of a model."""

BENEATH = "!it describes an intermediate step, which is not published; write it in the contract of the product"
BENEATH_KEYS = frozenset({"description", "tags", "meta", "docs", "group", "access", "persist_docs", "deprecation_date"})
"""Keys that only describe a model; a model beneath a product has no contract to write them in."""

TEST_POINTS: dict[str, str] = {
    "tags": "!checks run with every build of their product, whatever their tags",
    "meta": "!nothing reads it; the description of the test is shown with its check",
    "group": "!failures are reported to the team of the contract",
    "docs": "!no documentation site of dbt is made; the description of the test is shown with its check",
    "static_analysis": "!the query of a test is always parsed",
}
"""Keys of a data test that its check does not use. Other keys are used, or the test is refused."""
TEST_CHECK_KEYS = frozenset(
    {"severity", "where", "limit", "fail_calc", "warn_if", "error_if", "enabled", "description", "name", "materialized"}
)

_NO_SEMANTIC_LAYER = "!no semantic layer is served; publish what it computes as columns of a product"
RESOURCE_POINTS: dict[str, str] = {
    "model": "!no product that is built reads it; delete it, or read it from one",
    "unit_test": "mesh test",
    "exposure": "!list it under customProperties consumers in the contract of what it reads",
    "group": "!the owner of a product is the team of its contract; write team there",
    "metric": _NO_SEMANTIC_LAYER,
    "semantic_model": _NO_SEMANTIC_LAYER,
    "saved_query": _NO_SEMANTIC_LAYER,
    "analysis": "!analyses are not run; query the product through its port",
    "doc": "!no documentation site of dbt is made; write the description in the contract",
    "selector": "!runs are selected by asset: mesh run PRODUCT",
    "function": "!functions are not created; write a macro",
}
"""Kinds of resources of a project, by dbt's name of the kind."""
LISTED_CONSUMER = "contract: customProperties consumers"
"""Where an exposure is used that the contract of a product lists as a consumer."""

CODE = frozenset({"test", "seed", "snapshot", "operation", "sql_operation", "source", "macro"})
"""Kinds that are part of a build, or are clauses of their product, or are refused when the location loads."""

RESOURCE_KEYS: dict[str, str | None] = {
    "nodes": None,
    "sources": None,
    "macros": None,
    "docs": "doc",
    "exposures": "exposure",
    "metrics": "metric",
    "groups": "group",
    "selectors": "selector",
    "saved_queries": "saved_query",
    "semantic_models": "semantic_model",
    "unit_tests": "unit_test",
    "functions": "function",
}
"""Keys of a manifest that hold resources, with their kind; None where each resource names its own."""
DERIVED_KEYS = frozenset({"metadata", "disabled", "parent_map", "child_map", "group_map"})
"""Keys of a manifest that hold no resources of their own; disabled resources are ignored."""
