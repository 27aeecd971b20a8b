"""Client for reading data products from the mesh home of this machine.

mesh = DataMeshClient()
product = mesh.get_data_product("retail", "transaction_history")
product.sql("select direction, sum(amount) from product group by 1")
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.access.governed_reads import GovernedReads
from bankmesh.catalog.product_status import product_states
from bankmesh.catalog.readable_metadata import readable_state, readable_version
from bankmesh.catalog.recorded_reads import consumer_name, record_use
from bankmesh.client.deprecation_warning import warn_once
from bankmesh.client.notebook_tables import ProductList, columns_html
from bankmesh.contracts.column_types import arrow_type
from bankmesh.contracts.model import Status
from bankmesh.errors import UnknownName
from bankmesh.names import parse_port_name
from bankmesh.orchestration.history.stored_outcomes import existing_outcomes
from bankmesh.ports import open_version, port_at, read_history, withdrawals
from bankmesh.ports.port_archive import archived_port
from bankmesh.settings import Settings, current_settings
from bankmesh.workspace.consistent_cuts import ConsistentCut, parse_moment
from bankmesh.workspace.deprecation import deprecation_of
from bankmesh.workspace.recorded_data_tests import with_data_tests
from bankmesh.workspace.stage_access import NotRetired, require_port
from bankmesh.workspace.withdrawn_inputs import LogFacts, WithdrawnInput, withdrawn_inputs
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from bankmesh.access.model import AccessDecision
    from bankmesh.access.receipts.read_receipt import Receipt
    from bankmesh.access.relations.governed_relation import GovernedRelation
    from bankmesh.contracts.model import Column, Contract
    from bankmesh.ports import Port, Publication, Withdrawal
    from bankmesh.products.profiles.profile_model import VersionProfile
    from bankmesh.products.version_diffs.version_diff import VersionDiff


class DataProduct:
    """One product at one published version, as its reader may see it for one purpose; rows are read on demand."""

    def __init__(
        self,
        relation: GovernedRelation,
        reads: GovernedReads,
        note: Callable[[Sequence[str] | None], None] | None = None,
    ) -> None:
        """`note` is called with the columns of each read, None for all."""
        self.contract = relation.contract
        self._relation, self._reads = relation, reads
        self._opened = relation.opened
        self._note = note or (lambda _columns: None)

    def __repr__(self) -> str:
        return f"DataProduct({self.contract.port!r}, version={self.version}, rows={self.rows})"

    def _repr_html_(self) -> str:
        published = f"published {self.published_at:%Y-%m-%d %H:%M} UTC"
        rows = "" if self.rows is None else f" {self.rows:,} rows,"
        return columns_html(f"{self.contract.port}, version {self.version},{rows} {published}", self.columns)

    @property
    def id(self) -> str:
        """`domain.product`."""
        return self.contract.product

    @property
    def version(self) -> int:
        """The published version within the major."""
        return self._opened.version

    @property
    def published_at(self) -> datetime:
        """When the version was published (UTC)."""
        return self._opened.published_at

    @property
    def decision(self) -> AccessDecision:
        """What the reader may see for the declared purpose, and why."""
        return self._relation.decision

    @property
    def receipt(self) -> Receipt:
        """The signed receipt of the last read that has ended. Raises ValueError before the first one."""
        return self._relation.recorder.receipt

    @property
    def rows(self) -> int | None:
        """Number of rows of the version; None if the reader may see only some of them."""
        return self._opened.rows if self.decision.row_filter.is_everything else None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The readable columns of this version, with the current contract's descriptions and classifications.

        The type of a masked column is that of its masked values.
        """
        types = self._relation.masked_types
        return tuple(replace(c, type=types[c.name]) for c in self.contract.columns if c.name in types)

    def scan(self, columns: Sequence[str] | None = None) -> pl.LazyFrame:
        """Return a lazy Polars frame; filters on partitions and on columns with statistics skip files.

        Pass the columns that you need, here and below: recorded reads then show that changes of other columns do not
        affect you. Without them you get all readable ones. Each time that the frame is collected is a read on record.
        Raises UnknownName for a column that does not exist, and AccessDenied for one that is withheld.
        """
        return self._read("scan", columns)

    def to_polars(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return all rows as a Polars frame."""
        return self._read("to_polars", columns).collect(engine="streaming")

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows as an Arrow table in the contract's types."""
        import polars as pl
        import pyarrow as pa

        frame = self._read("to_arrow", columns).collect(engine="streaming")
        types = self._relation.masked_types
        schema = pa.schema([pa.field(name, arrow_type(types[name])) for name in frame.columns])
        return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows as a Pandas frame with Arrow types, which preserve decimals and nulls."""
        import pandas as pd

        frame: pd.DataFrame = self.to_arrow(columns).to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def sql(self, query: str) -> pl.DataFrame:
        """Run one SELECT in DuckDB's SQL over this version; the table is named `product`.

        Raises StatementRefused for anything but a SELECT over it, and AccessDenied if it names a withheld column.
        """
        from bankmesh.access.queries.sql_session import run_query

        with self._reads.record_refusals(self.decision, "sql"):
            return run_query(self._relation, query, self._note)

    def diff(
        self,
        since: int | None = None,
        *,
        examples: int = 5,
        withdrawn: bool = False,
        notify: Callable[[str], None] | None = None,
    ) -> VersionDiff:
        """Return what changed from version `since` to this one; by default since the last one that is not withdrawn.

        Rows that you may not see do not count, and masked columns are compared after the mask. It has at most
        `examples` (0 to 1,000) changed rows. `notify` is called with each step before it begins. Raises NotPublished
        for a version that does not exist or has expired, WithdrawnVersion for a withdrawn one unless `withdrawn` is
        set, PortError if files are missing, NoEarlierVersion, and AccessDenied if the primary key is withheld.
        """
        from bankmesh.products.version_diffs.product_diffs import compare_readable, earlier_version

        earlier = earlier_version(self._opened, since, withdrawn=withdrawn)
        before = self._reads.open(self.contract, earlier, self.decision.purpose, way="diff")
        with self._reads.record_refusals(self.decision, "diff"):
            return compare_readable(self.contract, self._relation, before, examples=examples, notify=notify)

    def diff_candidate(self, *, examples: int = 5, notify: Callable[[str], None] | None = None) -> VersionDiff:
        """Return what the candidate that the gate refused last would have changed, for owners and stewards.

        Raises NoRefusedCandidate, AccessDenied for other readers, and PortError.
        """
        from bankmesh.products.version_diffs.product_diffs import compare_readable_candidate

        with self._reads.record_refusals(self.decision, "diff"):
            return compare_readable_candidate(self.contract, self._relation, examples=examples, notify=notify)

    @property
    def profile(self) -> VersionProfile:
        """Nulls, distinct values, frequent values and ranges of each column that the reader may see.

        Values only of columns classified `internal` or `public`, and of at least five rows and subjects. Raises
        PortError and AccessDenied.
        """
        from bankmesh.products.profiles.readable_profiles import profile_readable

        with self._reads.record_refusals(self.decision, "profile"):
            return profile_readable(self.contract, self._relation)

    def _read(self, way: str, columns: Sequence[str] | None) -> pl.LazyFrame:
        for name in columns or ():
            if name not in self.decision.columns:
                raise UnknownName(f"column of {self.contract.port}", name, self._relation.schema)
        with self._reads.record_refusals(self.decision, way, columns):
            frame = self._relation.scan(columns, way=way)
        self._note(columns)
        return frame


class DataMeshClient:
    """A client for one workspace and one `MESH_HOME`, taken from the environment by default."""

    def __init__(
        self,
        root: Path | str | None = None,
        home: Path | str | None = None,
        *,
        consumer: str | None = None,
        moment: str | datetime | None = None,
        token: str | None = None,
        purpose: str | None = None,
    ) -> None:
        """All arguments have defaults.

        Args:
            root: the workspace; by default the nearest one at or above the working folder.
            home: the mesh home, MESH_HOME by default.
            consumer: the name under which reads count as use: BANKMESH_CONSUMER by default, else the user.
            moment: see `at`.
            token: who reads, a token or the name of an issued one: BANKMESH_TOKEN by default, else what `mesh token
                use` chose.
            purpose: what the reads serve: BANKMESH_PURPOSE by default, else what `mesh token use` chose.

        The token and the purpose of the first read stay those of the client, whatever is chosen later.
        """
        found = current_settings(Path(root) if root else None)
        self._settings = Settings(found.root, Path(home).resolve(), found.exports) if home else found
        self.consumer = consumer or consumer_name()
        self._cut = ConsistentCut(parse_moment(moment), self._publications) if moment is not None else None
        self._read: tuple[Contract, ...] = ()
        self._contracts: list[Contract] = []
        self._load_contracts()
        self.reads = GovernedReads(self._settings, token=token, purpose=purpose)

    def at(self, moment: str | datetime) -> DataMeshClient:
        """Return a client of the mesh as it was: each product at the version that it had at the moment.

        Its reader and purpose are those of this client. `moment` is a datetime or ISO 8601 text with a time zone,
        `2026-01-31T00:00Z`. No product is newer than the products that it is built from. Raises BadMoment; reading
        raises NotPublishedThen for a product without a readable version of then. Withdrawn versions are refused as
        usual.
        """
        made = DataMeshClient(self._settings.root, self._settings.home, consumer=self.consumer, moment=moment)
        made.reads = self.reads
        return made

    def products(self, domain: str | None = None) -> ProductList:
        """Return the state of every product, or of those of one domain. Raises UnknownName.

        The number of rows is None if the reader may see only some of them.
        """
        contracts = self._load_contracts()
        domains = {contract.domain for contract in contracts}
        if domain is not None and domain not in domains:
            raise UnknownName("domain", domain, domains)
        chosen = [c for c in contracts if domain in {None, c.domain}]
        states = product_states(chosen, self._settings.home, existing_outcomes(self._settings))
        reader = self.reads.metadata_reader()
        return ProductList(readable_state(state, reader.decision_on(state.contract)) for state in states)

    def contract(self, product: str, major: int | None = None) -> Contract:
        """Return the contract of `domain.product`, as its file is now. Raises UnknownName and ContractFaults."""
        return find_contract(self._load_contracts(), product, major)

    def majors(self, product: str) -> list[Contract]:
        """Return the contracts of all majors of `domain.product`, oldest first; empty if there is no such product."""
        return [contract for contract in self._load_contracts() if contract.product == product]

    def get_data_product(
        self,
        domain: str,
        name: str,
        major: int | None = None,
        version: int | None = None,
        *,
        purpose: str | None = None,
        archived: bool = False,
        withdrawn: bool = False,
    ) -> DataProduct:
        """Return a product at a version: by default the newest version of the newest active major.

        `purpose` is what the reads serve, by default the client's. Raises IdentityRefused if no valid token says who
        reads, NoPurpose, and AccessDenied if nothing of the product may be read.

        Warns with DeprecatedMajor, once in a process, if the major is deprecated. Raises UnknownName for a product or
        major that does not exist, NotPublished for a version that does not exist, ProposedProduct if there is no port
        yet, RetiredProduct if the product is retired. With `archived`, reads a retired product, and raises NotRetired
        for any other. Raises WithdrawnVersion for a withdrawn version, unless `withdrawn` is set.
        """
        contract = self.contract(f"{domain}.{name}", major)
        if not archived:
            require_port(contract)
        elif contract.status is not Status.RETIRED:
            raise NotRetired(contract.port, contract.status)
        if version is None and self._cut is not None:
            version = self._cut.publication(contract.port).version
        opened = open_version(self._port(contract), version, withdrawn=withdrawn)
        if deprecation := deprecation_of(contract):
            warn_once(deprecation)
        relation = self.reads.open(contract, opened, purpose)
        return DataProduct(relation, self.reads, self._note_use(contract, opened.version))

    def _note_use(self, contract: Contract, version: int) -> Callable[[Sequence[str] | None], None]:
        def note(columns: Sequence[str] | None) -> None:
            record_use(self._settings.home, contract.port, version, columns, self.consumer)

        return note

    def history(self, product: str, major: int | None = None) -> list[dict[str, Any]]:
        """Return every published version of a product, newest first, with its provenance.

        What was computed from rows or columns that are withheld from the reader is None, as in `mesh show`.
        """
        contract = self.contract(product, major)
        port, decision = self._port(contract), self.reads.metadata_reader().decision_on(contract)
        withdrawn = withdrawals(port)
        facts = (version_facts(made, withdrawn.get(made.version)) for made in read_history(port))
        return [readable_version(version, contract, decision) for version in facts]

    def withdrawn_inputs(self, product: str, major: int | None = None) -> tuple[WithdrawnInput, ...]:
        """Return the withdrawn versions that a product's newest version is built from; empty once it is rebuilt."""
        return withdrawn_inputs(LogFacts(self._settings.home), self.contract(product, major).port)

    def _load_contracts(self) -> list[Contract]:
        """Return the contracts as their files are now, with recorded data tests. Raises ContractFaults."""
        found = workspace_contracts(self._settings.root)
        if found != self._read:
            self._contracts = with_data_tests(found, self._settings.home)
            self._read = found
        return self._contracts

    def _publications(self, port: str) -> tuple[Publication, ...]:
        """Return the readable publications of a port, newest first; of one without a contract, of its folder."""
        named = parse_port_name(port)
        known = (contract for contract in self._contracts if contract.port == port)
        found = next(known, None)
        return read_history(self._port(found) if found else port_at(self._settings.home, named.product_id, named.major))

    def _port(self, contract: Contract) -> Port:
        """Return the port of a contract; for a retired product the one in the archive, once it was moved there."""
        where = (self._settings.home, contract.product, contract.major)
        return (archived_port(*where) if contract.status is Status.RETIRED else None) or port_at(*where)


def version_facts(publication: Publication, withdrawal: Withdrawal | None = None) -> dict[str, Any]:
    """Return a version and its provenance as plain values; moments are ISO 8601 in UTC."""
    decision = publication.decision
    made = publication.provenance
    return {
        "version": publication.version,
        "published_at": publication.published_at.isoformat(),
        "rows": publication.rows,
        "bytes": publication.bytes,
        "run_id": made.run_id,
        "contract_version": made.contract_version,
        "code_version": made.code_version,
        "inputs": dict(made.inputs),
        "partitions": list(made.partitions) if made.partitions else None,
        "gate": dict(made.gate),
        "fresh_since": publication.fresh_since.isoformat(),
        "withdrawn": withdrawal.to_json() if withdrawal else None,
        "restores": decision.to_json() if decision else None,
    }
