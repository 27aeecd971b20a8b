"""Any sequence of changes, taken in step by step, ends in the same index as a rebuild."""

from __future__ import annotations

import tempfile
from pathlib import Path

import dagster as dg
from catalog_samples import TILL, Col, Samples, dump, made_from
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_update import rebuild, refresh
from bankmesh.catalog.recorded_reads import record_use
from bankmesh.lineage.model import TransformationSubtype
from bankmesh.orchestration.history.check_events import LoggedChecks

PRODUCTS = ["shop.sale", "shop.spend", "desk.risk"]


class Changing(RuleBasedStateMachine):
    """Whatever happens in whatever order, small steps end where a rebuild does."""

    @initialize()
    def begin(self) -> None:

        self.folder = tempfile.TemporaryDirectory()
        self.samples = Samples(Path(self.folder.name))
        self.samples.systems("shop")
        self.instance = dg.DagsterInstance.ephemeral()
        self.catalog = Catalog(f"sqlite:///{self.folder.name}/catalog.db")
        rebuild(self.samples.settings, LoggedChecks(self.instance), self.catalog)
        self.published: dict[tuple[str, int], int] = {}

    def teardown(self) -> None:
        if not hasattr(self, "catalog"):
            return
        kept = dump(self.catalog)
        rebuild(self.samples.settings, LoggedChecks(self.instance), self.catalog)
        assert kept == dump(self.catalog)
        self.catalog.close()
        self.instance.dispose()
        self.folder.cleanup()

    @rule(product=st.sampled_from(PRODUCTS), major=st.sampled_from([1, 2]), edition=st.integers(0, 3))
    def write(self, product: str, major: int, edition: int) -> None:
        columns = [Col(f"c{n}", f"The column {n} of edition {edition}.") for n in range(1 + edition)]
        self.samples.contract(product, *columns, version=f"{major}.{edition}.0", tags=f"edition{edition}")

    @rule(product=st.sampled_from(PRODUCTS), major=st.sampled_from([1, 2]), fault=st.booleans())
    def spoil(self, product: str, major: int, fault: bool) -> None:
        file = self.samples.file(product, major)
        if fault:
            file.write_text("kind: nothing\n", encoding="utf-8")
        else:
            file.unlink(missing_ok=True)
        self.published.pop((product, major), None)

    @rule(product=st.sampled_from(PRODUCTS), major=st.sampled_from([1, 2]), source=st.sampled_from(PRODUCTS))
    def publish(self, product: str, major: int, source: str) -> None:
        file = self.samples.file(product, major)
        if file.is_file() and "id:" in file.read_text(encoding="utf-8"):
            lineage = made_from(c0=f"{source}.c0", c1=("till.sale.paid", TransformationSubtype.FILTER))
            version = self.samples.publish(product, major, inputs={source: 0, "till.sale": "f"}, lineage=lineage)
            self.published[product, major] = version

    @precondition(lambda self: self.published)
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        (product, major), newest = data.draw(st.sampled_from(sorted(self.published.items())))
        self.samples.expire(product, newest, major)

    @rule(text=st.sampled_from([TILL, TILL.replace("PAID:", "SUM:"), "system: [till]"]))
    def declare(self, text: str) -> None:
        self.samples.systems("shop", text)

    @rule(port=st.sampled_from(["shop.sale", "desk.risk@2"]), columns=st.none() | st.just(["c0"]), torn=st.booleans())
    def read(self, port: str, columns: list[str] | None, torn: bool) -> None:
        home = self.samples.settings.home
        record_use(home, port, 0, columns, "desk.trader")
        if torn:
            with next((home / "use").iterdir()).open("ab") as file:
                file.write(b'{"at": "2026-')

    @rule(product=st.sampled_from(PRODUCTS), passed=st.booleans(), warns=st.booleans())
    def evaluate(self, product: str, passed: bool, warns: bool) -> None:
        severity = dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(product.split(".")), check_name="c0__required", passed=passed, severity=severity
            )
        )

    @rule()
    def forget_the_log(self) -> None:
        self.instance.event_log_storage.wipe()

    @invariant()
    def keep_up(self) -> None:
        if hasattr(self, "catalog"):
            done = refresh(self.samples.settings, LoggedChecks(self.instance), self.catalog)
            assert not done.rebuilt
            if not done.products:  # a torn line alone is never whole
                assert refresh(self.samples.settings, LoggedChecks(self.instance), self.catalog).products == ()


Changing.TestCase.settings = settings(
    max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnySequenceOfChanges = Changing.TestCase
