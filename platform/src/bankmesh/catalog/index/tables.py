"""The tables of the catalog's index, which can be rebuilt from contracts, Delta logs, lineage and the event log.

A *port* is one major of a product, with a name such as `retail.party` or `retail.party@2`. A *dataset* is a port, a
landing (`retail.landing.core_banking.account`) or a legacy object (`legacy.core_banking.account`). Moments are seconds
since 1970 in UTC. No value of the data is stored.

Each change of a table counts `bankmesh.catalog.index.index_schema.SCHEMA_VERSION` up; a test holds the two together.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

PREFIX = "bankmesh_catalog_"
MOMENT = sa.Float(53)

metadata = sa.MetaData()
_Type = sa.types.TypeEngine[Any]


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    # Clustered by its key on SQLite, so that rows of one port, or of one search term, are stored together.
    return sa.Table(f"{PREFIX}{name}", metadata, *columns, sqlite_with_rowid=False)


def _key(name: str, kind: type[_Type] = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _text(name: str, *, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, index=index)


def _maybe(name: str, kind: type[_Type] | _Type) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _moment(name: str, *, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=False, index=index)


def _list(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)


# --- about the index itself ---

meta = _table("meta", _key("name"), _text("value"))
"""The index's version, and when it was built and last refreshed."""

sources = _table("source", _key("kind"), _key("name"), _text("mark"))
"""The sources of the index, each with a mark that changes when the source does, or with a position in it."""

faults = _table("fault", _key("file"), _key("line", sa.Integer), _key("rule"), _text("message"))
"""The faults of hand-written files that could not be read, and of Delta logs, at the file of the contract.

What could not be read is not in the index."""

# --- from contracts ---

products = _table(
    "product",
    _key("port"),
    _text("product", index=True),
    _text("domain", index=True),
    _text("name"),
    _number("major"),
    _text("contract_version"),
    _text("status"),
    _text("product_type"),
    _text("owner"),
    _text("purpose"),
    _maybe("usage", sa.Text),
    _maybe("limitations", sa.Text),
    _maybe("granularity", sa.Text),
    _text("table_description"),
    _list("tags"),
    _text("classification"),
    _maybe("freshness_seconds", MOMENT),
    _maybe("retention_seconds", MOMENT),
    _text("file"),
    _text("contract_digest"),
    _number("clauses"),
    _number("promises"),
    _number("promises_enforced"),
    _number("parts"),
    _list("parts_missing"),
    _maybe("newest_version", sa.BigInteger),
    _maybe("newest_at", MOMENT),
    _maybe("newest_rows", sa.BigInteger),
    _maybe("fresh_since", MOMENT),
)
"""One row for each major that has a contract. `newest_*` is the version that readers get; null if there is none.

Freshness counts from `fresh_since`: the newest publication or confirmation; for restored rows their first publication.
"""

owners = _table("owner", _key("port"), _key("name"), _key("role"))
"""The owners of a port: the `team`, its members by their role, and the `support` channels."""

columns = _table(
    "column",
    _key("dataset"),
    _key("position", sa.Integer),
    _text("name"),
    _text("type"),
    _text("description"),
    _text("classification"),
    _flag("required"),
    _maybe("key_position", sa.Integer),
    _list("tags"),
)
"""The columns of products, landings and legacy objects; positions count from 1."""

contract_versions = _table(
    "contract_version",
    _key("port"),
    _key("position", sa.Integer),
    _text("version"),
    _maybe("status", sa.Text),
    _maybe("digest", sa.Text),
    _maybe("since", MOMENT),
    _maybe("first_publication", sa.BigInteger),
    _flag("current"),
    _maybe("compared_with", sa.Text),
    _maybe("unread", sa.Text),
)
"""The versions of a contract in order, from its publications; the current one may not be published yet.

`compared_with` names the version before it, as `retail.party 1.0.0`; `unread` says why it could not be compared.
"""

contract_changes = _table(
    "contract_change",
    _key("port"),
    _key("position", sa.Integer),
    _key("number", sa.Integer),
    _text("rule"),
    _flag("breaking"),
    _text("subject"),
    _text("message"),
)
"""Changes of a version from the one before it; for a later major's first version, from the major before."""

deprecations = _table("deprecation", _key("port"), _maybe("end_of_support", sa.Text), _maybe("replaced_by", sa.Text))
"""End of support and replacement of deprecated majors."""

consumers = _table("consumer", _key("port"), _key("consumer"))
"""The consumers that a contract declares."""

status_changes = _table(
    "status_change",
    _key("port"),
    _key("position", sa.Integer),
    _text("status"),
    _text("changed_on"),
    _text("changed_by"),
    _text("why"),
)
"""The status changes of a contract, as it records them."""

declassifications = _table(
    "declassification",
    _key("port"),
    _key("column_name"),
    _text("method"),
    _text("rule"),
    _text("why"),
    _maybe("subjects", sa.Text),
)
"""Columns that may be less confidential than their sources, with the clause that proves it."""

# --- from Delta logs ---

publications = _table(
    "publication",
    _key("port"),
    _key("version", sa.BigInteger),
    _moment("published_at"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    _text("run_id"),
    _text("contract_version"),
    _maybe("contract_digest", sa.Text),
    _text("code_version"),
    _maybe("partitions", sa.Integer),
    _number("passed"),
    _number("warned"),
    _maybe("fresh_since", MOMENT),
    _maybe("restored", sa.BigInteger),
)
"""Readable published versions; `partitions` counts the replaced partitions, null if the whole table was replaced.

`restored` is the version whose rows it restored; null if a run built it.
"""

publication_inputs = _table(
    "publication_input", _key("port"), _key("version", sa.BigInteger), _key("input"), _text("read")
)
"""The snapshot vector: the version, or fingerprint, of each input that a version was made from."""

publication_sources = _table(
    "publication_source", _key("port"), _key("version", sa.BigInteger), _key("source", sa.BigInteger)
)
"""The versions whose rows a version contains: of partitions that were not replaced, or of a restored version."""

confirmations = _table(
    "confirmation", _key("port"), _key("version", sa.BigInteger), sa.Column("at", MOMENT, primary_key=True)
)
"""When a build would have published the same version again, and confirmed it instead."""

withdrawals = _table(
    "withdrawal",
    _key("port"),
    _key("version", sa.BigInteger),
    _text("kind"),
    _moment("at"),
    _text("by"),
    _text("reason"),
)
"""Withdrawn versions, including expired ones: the kind of decision, when, by whom and why."""

# --- lineage ---

datasets = _table(
    "dataset", _key("id"), _text("kind"), _maybe("domain", sa.Text), _flag("opaque"), _flag("lineage_known")
)
"""`kind` is product, landing or legacy. `opaque`: made by a step that no plan describes."""

edges = _table(
    "edge",
    _key("target_id", sa.BigInteger),
    _key("source_id", sa.BigInteger),
    _key("how"),
    _key("masking", sa.Boolean),
    _text("source_dataset"),
    _text("source_column"),
    _text("target_dataset", index=True),
    _text("target_column"),
)
"""The target column depends on the source column; ids are hashes of both names. `*` represents a dataset's rows."""

sa.Index(f"ix_{PREFIX}edge_source", edges.c.source_id, edges.c.target_id)

flows = _table("flow", _key("target"), _key("source"))
"""The target dataset is made from the source dataset, whether its columns are known or not."""

sa.Index(f"ix_{PREFIX}flow_source", flows.c.source)

gaps = _table("gap", _key("dataset"), _key("column_name"), _text("reason"))
"""Columns whose lineage could not be derived."""

# --- from Dagster's event log ---

check_days = _table(
    "check_day",
    _key("port"),
    _key("day"),
    _number("passed"),
    _number("warned"),
    _number("failed"),
    _number("errored"),
)
"""Numbers of a port's check evaluations on a day (UTC), by outcome."""

check_states = _table(
    "check_state",
    _key("port"),
    _key("check_name"),
    sa.Column("entry", sa.BigInteger, nullable=False),
    _moment("at"),
    _text("outcome"),
    _maybe("failing_rows", sa.BigInteger),
    _maybe("rows_seen", sa.BigInteger),
    _text("run_id"),
)
"""The newest evaluation of each check."""

check_breaks = _table(
    "check_break",
    _key("entry", sa.BigInteger),
    _text("port", index=True),
    _text("check_name"),
    _moment("at"),
    _text("outcome"),
    _maybe("failing_rows", sa.BigInteger),
    _maybe("rows_seen", sa.BigInteger),
    _text("run_id"),
)
"""Every evaluation that did not pass, by the number of its entry in the event log."""

freshness_changes = _table(
    "freshness_change", _key("entry", sa.BigInteger), _text("port", index=True), _moment("at"), _text("state")
)
"""Changes of freshness states: fresh, warning, late, or none (no longer promised)."""

# --- from recorded reads ---

uses = _table(
    "use",
    _key("port"),
    _key("consumer"),
    _key("column_name"),
    _number("reads"),
    _number("whole"),
    _text("first_at"),
    _text("last_at"),
    _maybe("newest_version", sa.BigInteger),
)
"""Reads by consumer and column: how many, the first and the last (ISO 8601, UTC).

The column `*` counts every read of the consumer, and in `whole` those of all columns.
"""

# --- search ---

postings = _table(
    "posting",
    _key("term"),
    _key("port"),
    sa.Column("weight", MOMENT, nullable=False),
    sa.Column("best", MOMENT, nullable=False),
    _text("columns"),
    _text("words"),
)
"""The weight of a term in a port, and in its columns: `3:2.50:1` is column 3, weight, classification.

`best` is the weight in the best column; `words` are the words of the port that have the term.
"""

sa.Index(f"ix_{PREFIX}posting_port", postings.c.port)

vocabulary = _table("word", _key("word"), _text("term"), _number("ports"))
"""All words with their term, and the number of ports that use them."""

lexicon = _table("lexicon", _key("name"), _text("words"))
"""The same words in one text, one `word term` a line, so that fuzzy matching reads them in one query."""
