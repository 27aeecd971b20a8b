"""`mesh run` builds what has changed, and confirms the rest: products are never stale, and never built for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest
from bakery import DOMAIN, Bakery, as_it_was, named, put_back
from shop_workspace import SALES, Sale, changed

from bankmesh.orchestration.assets.event_metadata import CONFIRMED
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner import unchanged_assets
from bankmesh.ports import confirmations, open_version, resume, withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

ALL = {"sale", "customer_spend", "top_customer", "opening_hour", "monthly_sale"}
BEHIND_SALE = {"sale", "customer_spend", "top_customer"}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Bakery:
    """Everything published once."""
    bakery = Bakery.write(tmp_path_factory.mktemp("bakery") / "workspace")
    with as_it_was():
        outcome, _ = bakery.run()
    assert named(outcome.published) == ALL
    return bakery


@pytest.fixture
def bakery(original: Bakery) -> Iterator[Bakery]:
    """The same workspace, put back as it was after the test."""
    with put_back(original):
        yield original


def test_nothing_is_built_where_nothing_changed(bakery: Bakery) -> None:
    outcome, heard = bakery.run()
    assert outcome.success
    assert (named(outcome.confirmed), outcome.published) == (ALL, set())
    assert {bakery.versions(name)[-1] for name in ALL} == {0}
    assert all(len(confirmations(bakery.port(name))) == 1 for name in ALL)
    assert heard.unchanged is not None
    assert heard.unchanged.confirmed["bakery/landing/till_sale"] == "files unchanged"
    assert heard.unchanged.reasons == {}


def test_force_builds_all_the_same(bakery: Bakery) -> None:
    outcome, _ = bakery.run(force=True)
    assert (named(outcome.published), outcome.confirmed) == (ALL, set())


def test_a_confirmation_is_in_the_event_log_with_all_that_was_shown_of_the_version(bakery: Bakery) -> None:
    keys = [dg.AssetKey([DOMAIN, "customer_spend"]), dg.AssetKey([DOMAIN, "monthly_sale"])]
    keys.append(dg.AssetKey([DOMAIN, "landing", "till_sale"]))
    with open_instance(bakery.settings) as instance:
        before = [instance.get_latest_materialization_event(key) for key in keys]
    bakery.run()
    with open_instance(bakery.settings) as instance:
        after = [instance.get_latest_materialization_event(key) for key in keys]
        count = len(instance.fetch_materializations(keys[1], limit=100).records)
    for old, new in zip(before, after, strict=True):
        was, now = old.asset_materialization, new.asset_materialization
        assert new.timestamp > old.timestamp
        # For Dagster, checks hold for the materialisations of the run that evaluated them.
        assert new.run_id == old.run_id
        assert now.metadata.keys() - was.metadata.keys() == {CONFIRMED}
        assert {name: now.metadata[name] for name in was.metadata} == was.metadata
        assert (now.tags, now.partition) == (was.tags, was.partition)
    assert count == 5  # four months, and one event for all of them


EDITS = (
    ("defs/opening_hour/transform.py", '"opens")', '"opens").sort("opens")', {"opening_hour"}),
    ("contracts/opening_hour.odcs.yaml", "Hour of opening.", "Hour at which it opens.", {"opening_hour"}),
    ("sources/till.yaml", "may_be_empty: true", "may_be_empty: false", BEHIND_SALE | {"monthly_sale"}),
    ("dbt_project/models/bakery/products/top_customer.sql", "customer_id)", "customer_id desc)", {"top_customer"}),
    ("dbt_project/models/bakery/staging/stg_till__sales.sql", "where", "where true and", {"monthly_sale"}),
)


def test_what_an_edit_reaches_is_built(bakery: Bakery) -> None:
    for file, old, new, built in EDITS:
        bakery.edit(file, old, new)
        outcome, _ = bakery.run()
        assert outcome.success
        assert (named(outcome.published), named(outcome.confirmed)) == (built, ALL - built), file
    assert named(bakery.run()[0].confirmed) == ALL


def test_a_changed_file_is_landed_and_what_reads_it_built(bakery: Bakery) -> None:
    bakery.export(*changed(4, amount="101.00"))
    outcome, heard = bakery.run()
    assert named(outcome.published) == BEHIND_SALE | {"monthly_sale"}
    assert named(outcome.confirmed) == {"opening_hour"}
    assert heard.unchanged is not None
    assert heard.unchanged.reasons == {"bakery/landing/till_sale": "its files or its declaration have changed"}
    assert max(row["total"] for row in bakery.rows("customer_spend")) == 101


def test_a_file_that_is_written_again_with_the_same_bytes_changes_nothing(bakery: Bakery) -> None:
    bakery.export()
    outcome, _ = bakery.run()
    assert named(outcome.confirmed) == ALL


def test_only_what_is_named_is_looked_at(bakery: Bakery) -> None:
    bakery.export(*changed(4, amount="101.00"))
    outcome, _ = bakery.run("opening_hour")
    assert (named(outcome.confirmed), outcome.published) == ({"opening_hour"}, set())
    # What lies between was not made: what is named is built from it, and not confirmed to be right.
    outcome, _ = bakery.run("customer_spend")
    assert outcome.newer == {"bakery/landing/till_sale"}
    assert (named(outcome.published), outcome.confirmed) == ({"customer_spend"}, set())
    outcome, _ = bakery.run("monthly_sale", land=False)
    assert (named(outcome.published), outcome.confirmed) == ({"monthly_sale"}, set())
    outcome, _ = bakery.run("sale")
    assert (named(outcome.published), bakery.versions("sale")) == ({"sale"}, [0, 1])


def test_a_refused_candidate_is_tried_again_until_its_inputs_are_right(bakery: Bakery) -> None:
    bakery.export(*changed(3, amount="-1.00"))
    for _ in range(2):
        outcome, _ = bakery.run()
        assert (outcome.failed, outcome.success) == ({"bakery/sale"}, False)
    bakery.export()
    # The right rows were published all along, but the log's last word is the refusal.
    outcome, _ = bakery.run()
    assert outcome.success
    assert named(outcome.confirmed) >= BEHIND_SALE
    with open_instance(bakery.settings) as instance:
        key = dg.AssetCheckKey(dg.AssetKey([DOMAIN, "sale"]), "amount__range")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.event.asset_check_evaluation.passed
    assert bakery.versions("sale") == [0]


def test_a_table_whose_file_is_gone_or_cut_is_built_again(bakery: Bakery) -> None:
    (file, *_) = open_version(bakery.port("sale")).files()
    file.write_bytes(file.read_bytes()[:-1])
    (gone, *_) = open_version(bakery.port("opening_hour")).files()
    gone.unlink()
    outcome, heard = bakery.run()
    assert named(outcome.published) == BEHIND_SALE | {"opening_hour"}
    assert heard.unchanged is not None
    assert heard.unchanged.reasons["bakery/sale"] == "files of its newest version are missing"
    assert len(bakery.rows("sale")) == len(SALES)


def test_a_landing_whose_rows_are_gone_is_made_again(bakery: Bakery) -> None:
    for file in (bakery.settings.home / "landings/bakery/till/hour").glob("*/rows.parquet"):
        file.unlink()
    outcome, heard = bakery.run()
    assert heard.unchanged is not None
    assert heard.unchanged.reasons == {"bakery/landing/till_hour": "its rows are missing"}
    assert "bakery/landing/till_hour" in outcome.published
    # The same rows as before, so what reads them is right.
    assert named(outcome.confirmed) == ALL


def test_what_a_withdrawn_version_was_read_by_is_built_again(bakery: Bakery) -> None:
    bakery.export(*changed(4, amount="101.00"))
    bakery.run()
    withdraw(bakery.port("sale"), 1, by="ada", reason="wrong amounts")
    bakery.export()
    outcome, _ = bakery.run()
    assert list(outcome.held) == ["bakery/sale"]
    assert named(outcome.published) == {"customer_spend", "top_customer", "monthly_sale"}
    assert max(row["total"] for row in bakery.rows("customer_spend")) == 100
    resume(bakery.port("sale"), by="ada", reason="export is right again")
    outcome, heard = bakery.run()
    assert heard.unchanged is not None
    assert heard.unchanged.reasons["bakery/sale"].endswith("restored the rows of an earlier one")
    assert "sale" in named(outcome.published)


def test_months_built_by_themselves_count_by_who_wrote_them_last(bakery: Bakery) -> None:
    bakery.export(*SALES, Sale(5, 1, "2024-03-16", "1.00"))
    bakery.run("landing/till_sale")
    bakery.activate()
    from bankmesh.orchestration.code_locations import load_location

    job = load_location(DOMAIN, f"{DOMAIN}.definitions").definitions.resolve_implicit_global_asset_job_def()
    with open_instance(bakery.settings) as instance:
        for month in ("2024-03-01", "2024-04-01"):
            tags = {"dagster/asset_partition_range_start": month, "dagster/asset_partition_range_end": month}
            key = dg.AssetKey([DOMAIN, "monthly_sale"])
            assert job.execute_in_process(instance=instance, asset_selection=[key], tags=tags).success
    outcome, heard = bakery.run("monthly_sale")
    assert heard.unchanged is not None
    assert heard.unchanged.reasons == {"bakery/monthly_sale": "till.sale changed"}
    assert named(outcome.published) == {"monthly_sale"}
    assert len(bakery.rows("monthly_sale")) == 5


def test_what_reads_the_clock_is_built_each_time_and_says_why(bakery: Bakery) -> None:
    bakery.edit(
        "defs/opening_hour/transform.py",
        "def opening_hour",
        "import datetime as dt\n\n\ndef opening_hour",
    )
    bakery.edit("defs/opening_hour/transform.py", "return hours", "dt.date.today()\n    return hours")
    for _ in range(2):
        outcome, heard = bakery.run()
        assert named(outcome.published) == {"opening_hour"}
        assert heard.unchanged is not None
    why = heard.unchanged.reasons["bakery/opening_hour"]
    assert why == "opening_hour/transform.py:5 depends on the clock (dt.date.today)"
    bakery.edit("defs/opening_hour/defs.yaml", "attributes:\n", "attributes:\n  repeatable: true\n")
    outcome, _ = bakery.run()
    assert named(outcome.confirmed) == ALL


def test_a_person_can_say_that_a_product_is_not_repeatable(bakery: Bakery) -> None:
    bakery.edit("defs/opening_hour/defs.yaml", "attributes:\n", "attributes:\n  repeatable: false\n")
    text = "type: bankmesh.DbtDataProducts\nattributes:\n  repeatable: {top_customer: false}\n"
    (bakery.package / "defs/dbt_products/defs.yaml").write_text(text)
    outcome, heard = bakery.run()
    assert named(outcome.published) == {"opening_hour", "top_customer"}
    assert heard.unchanged is not None
    assert heard.unchanged.reasons["bakery/top_customer"] == "its defs.yaml says that it is not repeatable"


def test_a_data_file_that_is_declared_belongs_to_the_code(bakery: Bakery) -> None:
    rates: Path = bakery.package / "rates" / "hours.txt"
    rates.parent.mkdir()
    rates.write_text("1")
    bakery.edit("defs/opening_hour/defs.yaml", "attributes:\n", "attributes:\n  files: [rates/*.txt]\n")
    code = (
        "from pathlib import Path\n\nimport polars as pl\n\n\ndef opening_hour(hours):\n"
        '    later = int((Path(__file__).parents[2] / "rates/hours.txt").read_text())\n'
        '    return hours.select("weekday", pl.col("opens") + later)\n'
    )
    (bakery.package / "defs/opening_hour/transform.py").write_text(code)
    outcome, _ = bakery.run()
    assert named(outcome.published) == {"opening_hour"}
    assert named(bakery.run()[0].confirmed) == ALL
    rates.write_text("2")
    assert named(bakery.run()[0].published) == {"opening_hour"}
    assert [row["opens"] for row in bakery.rows("opening_hour")] == [10, 12]


def test_a_library_of_the_bank_that_is_not_installed_belongs_to_the_code(
    bakery: Bakery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    library = tmp_path / "bakery_rates" / "hours.py"
    library.parent.mkdir()
    (library.parent / "__init__.py").write_text("from .hours import LATER\n")
    library.write_text("LATER = 1\n")
    code = (
        "import polars as pl\n\nfrom bakery_rates import LATER\n\n\n"
        'def opening_hour(hours):\n    return hours.select("weekday", pl.col("opens") + LATER)\n'
    )
    (bakery.package / "defs/opening_hour/transform.py").write_text(code)
    assert named(bakery.run()[0].published) == {"opening_hour"}
    assert named(bakery.run()[0].confirmed) == ALL
    library.write_text("LATER = 2\n")
    import sys

    for name in [name for name in sys.modules if name.startswith("bakery_rates")]:
        del sys.modules[name]
    assert named(bakery.run()[0].published) == {"opening_hour"}
    assert [row["opens"] for row in bakery.rows("opening_hour")] == [10, 12]


def test_what_cannot_be_looked_at_fails_by_itself_and_others_go_on(bakery: Bakery) -> None:
    (log,) = (bakery.port("opening_hour").path / "_delta_log").glob("*0.json")
    log.write_text('{"commitInfo"')
    outcome, heard = bakery.run()
    assert outcome.failed == {"bakery/opening_hour"}
    assert named(outcome.confirmed) == ALL - {"opening_hour"}
    assert heard.unchanged is not None
    assert heard.unchanged.reasons.keys() == {"bakery/opening_hour"}


def test_what_fails_while_it_is_looked_at_is_made(bakery: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged_assets, "examine_now", lambda *_: 1 / 0)
    outcome, heard = bakery.run("opening_hour")
    assert heard.unchanged is not None
    assert heard.unchanged.reasons == {"bakery/opening_hour": "it could not be examined (ZeroDivisionError)"}
    # The step decides by itself.
    assert named(outcome.confirmed) == {"opening_hour"}


@pytest.mark.parametrize("pattern", ["rates/*.txt", "../../pyproject.toml", "/etc/hosts", ""])
def test_a_data_file_that_is_not_there_is_named(bakery: Bakery, pattern: str) -> None:
    bakery.edit("defs/opening_hour/defs.yaml", "attributes:\n", f"attributes:\n  files: [{pattern!r}]\n")
    outcome, _ = bakery.run()
    (fault,) = outcome.not_loaded
    assert f"opening_hour/defs.yaml: files: {pattern!r} names no file below" in str(fault)


def test_a_model_that_is_no_product_is_named(bakery: Bakery) -> None:
    text = "type: bankmesh.DbtDataProducts\nattributes:\n  repeatable: {top_custmer: false}\n"
    (bakery.package / "defs/dbt_products/defs.yaml").write_text(text)
    outcome, _ = bakery.run()
    (fault,) = outcome.not_loaded
    assert "There is no model of a product top_custmer. Did you mean top_customer?" in str(fault)
