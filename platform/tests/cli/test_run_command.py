"""`mesh run`: everything of every location, told line by line, with an exit code that can be relied on."""

from __future__ import annotations

import json
import logging
import warnings

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from shop_workspace import Sale, at_stage, changed, write_exports

from bankmesh.cli.run_commands import StepLines
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.run_outcome import UnchangedAssets


@pytest.fixture(autouse=True)
def _logs_as_they_were():
    """`mesh run` silences Dagster's logger, as befits a process of its own."""
    logger = logging.getLogger("dagster")
    level = logger.level
    with warnings.catch_warnings():
        yield
    logger.setLevel(level)


def _versions(mesh) -> dict[str, int]:
    return {entry["name"]: entry["published_version"] for entry in json.loads(mesh("products", "--json").out)}


def test_everything(mesh) -> None:
    said = mesh("run", "--force")
    assert said.code == 0
    assert set(_versions(mesh).values()) == {1}
    for name in ("shop.sale", "shop.monthly_sale"):
        assert any(name in line and "version 1" in line for line in said.err.splitlines())
    assert said.out.splitlines()[0].startswith("product\tversion")


def test_what_is_unchanged_is_confirmed_and_named(mesh) -> None:
    said = mesh("run")
    assert said.code == 0
    assert set(_versions(mesh).values()) == {0}
    decided = [line.split() for line in said.err.splitlines() if line.startswith("confirmed")]
    assert ["confirmed", "2", "landings", "files", "unchanged"] in decided
    assert {words[1] for words in decided} >= {"shop.sale", "shop.monthly_sale"}
    assert {line.split("\t")[-1] for line in said.out.splitlines()[1:] if "\t" in line} == {"confirmed"}


def test_runs_in_which_nothing_changes_leave_no_more_than_one_event_of_an_asset(mesh, published) -> None:
    for _ in range(4):
        assert mesh("run").code == 0
    assert published.reported("sale") == [0, 0]
    with open_instance(published.settings) as instance:
        made = instance.get_latest_materialization_event(published.key("sale"))
        logged = instance.all_logs(made.run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert [entry.dagster_event.asset_key for entry in logged].count(published.key("sale")) == 2


def test_what_is_due_is_named_with_its_reason(mesh, published) -> None:
    (published.settings.exports / "till" / "hour.csv").write_text("weekday,opens\nmonday,9\n")
    said = mesh("run")
    due = [line.split(maxsplit=2) for line in said.err.splitlines() if line.startswith("due")]
    assert due == [["due", "shop.landing.till_hour", "its files or its declaration have changed"]]
    assert _versions(mesh) == dict.fromkeys(_versions(mesh), 0) | {"opening_hour": 1}
    entries = json.loads(mesh("run", "shop.sale", "--force", "--json").out)
    sale = next(entry for entry in entries if entry["name"] == "sale")
    assert (sale["this_run"], sale["made_because"]) == ("published", None)


def test_brackets_in_a_reason_are_no_markup(capfd) -> None:
    lines = StepLines()
    lines.decided(UnchangedAssets({"shop/sale": "version 1"}, {"shop/hour": "till.yaml: [/sale.csv] cannot be read"}))
    lines.close()
    assert "till.yaml: [/sale.csv] cannot be read" in capfd.readouterr().err


def test_a_line_says_which_partitions_were_built(capfd) -> None:
    lines = StepLines()
    lines.started("shop__monthly_sale")
    built = {"partitions built": "2024-02-01 to 2024-02-01", "partitions unchanged": 3}
    lines.finished("shop__monthly_sale", {"version": 1, "dagster/row_count": 4, "gate": "9 passed"} | built)
    lines.finished("shop__monthly_sale", {"version": 1, "gate": "9 passed", "confirmed": 1.0} | built)
    lines.close()
    done, confirmed = (" ".join(line.split()) for line in capfd.readouterr().err.splitlines())
    assert done.startswith("done shop.monthly_sale")
    assert done.endswith("version 1, 4 rows, built 2024-02-01 to 2024-02-01, 3 partitions unchanged, 9 passed")
    assert confirmed.startswith("confirmed shop.monthly_sale")
    assert confirmed.endswith("version 1, 9 passed")


def test_a_line_says_how_many_records_were_rejected(capfd) -> None:
    lines = StepLines()
    for rejects in (2, 0):
        lines.started("shop__landing__till_sale")
        lines.finished("shop__landing__till_sale", {"dagster/row_count": 399, "rejects": rejects})
    lines.close()
    some, none = (line.rstrip() for line in capfd.readouterr().err.splitlines())
    assert some.endswith("399 rows, 2 rejected")
    assert none.endswith("399 rows")


def test_only_what_is_named(mesh) -> None:
    assert mesh("run", "shop.sale", "shop.customer_spend", "--force").code == 0
    ran = {"sale": 1, "customer_spend": 1}
    assert _versions(mesh) == dict.fromkeys(_versions(mesh), 0) | ran


def test_a_refusal_ends_with_one_and_says_what_was_skipped(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="-1.00"))
    said = mesh("run")
    assert said.code == 1
    assert "shop.sale is not published" in said.err
    assert "amount__range (failed)" in said.err
    skipped = next(line for line in said.err.splitlines() if line.startswith("Skipped"))
    assert "customer_spend" in skipped
    assert "top_customer" in skipped
    assert _versions(mesh) == {
        "sale": 0, "customer_spend": 0, "top_customer": 0, "opening_hour": 0, "monthly_sale": 1,
    }  # fmt: skip


def test_a_product_that_is_not_there(mesh) -> None:
    said = mesh("run", "shop.sael")
    assert said.code == 2
    assert "shop.sael" in said.err
    assert "Did you mean shop.sale" in said.err


@pytest.mark.parametrize(
    ("typed", "meant"), [("till.sael", "till.sale"), ("shop.landing.till_hours", "shop.landing.till_hour")]
)
def test_a_landing_that_is_not_there(mesh, typed, meant) -> None:
    said = mesh("run", typed)
    assert said.code == 2
    assert f"There is no product or landing {typed}. Did you mean {meant}? Known: shop.customer_spend, " in said.err


def test_skipped_products_are_in_the_table_with_the_checks_they_had_last(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="-1.00"))
    said = mesh("run")
    heading, *rows = (line.split("\t") for line in said.out.splitlines() if "\t" in line)
    table = {row[0]: dict(zip(heading, row, strict=True)) for row in rows}
    assert table["shop.sale"]["this run"] == "failed"
    assert table["shop.customer_spend"]["this run"] == "skipped"
    assert table["shop.opening_hour"]["this run"] == "confirmed"
    assert table["shop.monthly_sale"]["this run"] == "published"
    # its checks were only planned in this run; what was evaluated last still stands
    assert "passed" in table["shop.customer_spend"]["checks"]


@pytest.mark.parametrize("status", ["active", "deprecated"])
def test_a_contract_in_force_that_nothing_keeps_fails_the_run(mesh, published, request, status) -> None:
    contracts = published.settings.root / "domains/shop/src/shop/contracts"
    orphan = contracts / "orphan.odcs.yaml"
    text = (contracts / "opening_hour.odcs.yaml").read_text().replace("opening_hour", "orphan")
    orphan.write_text(at_stage(text, status))
    request.addfinalizer(orphan.unlink)
    said = mesh("run", "--json")
    assert said.code == 1
    assert {entry["name"]: entry["this_run"] for entry in json.loads(said.out)}["orphan"] == "failed"


def test_no_land_names_what_is_newer_and_builds_on_what_was_landed(mesh, published) -> None:
    write_exports(published.settings.exports, changed(4, amount="150.00"))
    said = mesh("run", "shop.sale", "--no-land")
    assert said.code == 0
    assert (
        "Not landed, although their files are new or have changed: shop.landing.till_sale; --no-land is set."
        in said.err
    )
    assert published.rows("sale")[3]["amount"] == 100


def test_a_source_behind_products_that_were_not_named_is_named_and_not_landed(mesh, published) -> None:
    write_exports(published.settings.exports, changed(4, amount="150.00"))
    said = mesh("run", "shop.customer_spend")
    assert (
        "Not landed, although their files are new or have changed: shop.landing.till_sale; the products between"
        in said.err
    )
    assert published.reported("sale") == [0]


def test_a_file_that_nothing_reads_is_named_for_its_system(mesh, published) -> None:
    (published.settings.exports / "till" / "sale_2.csv").write_text("sale_id\n1\n")
    said = mesh("run", "shop.sale")
    assert said.code == 0
    assert "Warning: till, files not read: sale_2.csv (no object takes it)." in said.err


@pytest.mark.parametrize("words", [("shop.sale", "--accept-shrink", " "), ("--accept-shrink", "why")])
def test_an_acceptance_says_why_and_of_what(mesh, words) -> None:
    said = mesh("run", *words)
    assert said.code == 2
    assert "--accept-shrink" in said.err


def test_an_accepted_loss_is_shown_with_its_version(mesh, published) -> None:
    many = tuple(Sale(n, n % 40 + 1, "2024-01-05", "1.00") for n in range(1, 201))
    write_exports(published.settings.exports, many)
    assert mesh("run", "shop.sale").code == 0
    write_exports(published.settings.exports, many[:50])
    refused = mesh("run", "shop.sale")
    assert refused.code == 1
    assert "rows 200 → 50" in refused.err
    names = ("shop.landing.till_sale", "shop.sale")
    assert mesh("run", *names, "--accept-shrink", "The till was replaced.").code == 0
    assert "fewer rows accepted by" in mesh("show", "shop.sale").out
    assert "The till was replaced." in mesh("show", "shop.sale").out
    assert len(published.rows("sale")) == 50


def test_clauses_that_warned_are_named_in_the_line_and_by_show(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="501.00"))
    said = mesh("run", "shop.landing.till_sale", "shop.sale")
    assert said.code == 0
    (line,) = (line for line in said.err.splitlines() if line.startswith("done") and "shop.sale " in line)
    assert line.endswith("1 warned: sales_are_small")
    assert "1 warned: sales_are_small" in mesh("show", "shop.sale").out


def test_a_product_whose_inputs_were_never_built_says_what_builds_them(mesh, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "fresh"))
    said = mesh("run", "shop.top_customer")
    assert said.code == 1
    command = "mesh run shop.sale shop.customer_spend shop.top_customer"
    assert "Inputs of shop.top_customer were never built: shop.sale, shop.customer_spend. " in said.err
    assert f"`{command}` builds them first" in said.err
    assert mesh(*command.split()[1:]).code == 0
    assert "never built" not in mesh("run", "shop.top_customer").err


@pytest.mark.parametrize("words", [("+shop.top_customer",), ("shop.top_customer", "--upstream")])
def test_what_a_product_reads_is_built_first_if_that_is_selected(mesh, monkeypatch, tmp_path, words) -> None:
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "fresh"))
    said = mesh("run", *words)
    assert said.code == 0
    built = {"sale": 0, "customer_spend": 0, "top_customer": 0}
    assert _versions(mesh) == dict.fromkeys(_versions(mesh)) | built
    assert "never built" not in said.err


def test_what_reads_a_landing_is_built_after_it(mesh, published) -> None:
    write_exports(published.settings.exports, changed(4, amount="150.00"))
    assert mesh("run", "shop.landing.till_sale+").code == 0
    assert _versions(mesh) == dict.fromkeys(_versions(mesh), 1) | {"opening_hour": 0}
    said = mesh("run", "+shop.sael")
    assert said.code == 2
    assert "There is no product or landing shop.sael. Did you mean shop.sale?" in said.err


def test_its_history_opens_with_the_storage_that_dagster_brings(mesh, published) -> None:
    home = published.settings.dagster_home
    assert "bankmesh.sqlite_storage" in (home / "dagster.yaml").read_text()
    assert mesh("run", "shop.sale", "--force").code == 0
    assert published.reported("sale") == [0, 1]
    (home / "stock.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home), "stock.yaml") as stock:
        assert type(stock.event_log_storage) is SqliteEventLogStorage
        newest = stock.get_latest_materialization_event(published.key("sale"))
        assert newest.asset_materialization.metadata["version"].value == 1
        assert stock.get_run_by_id(newest.run_id).is_success
        kinds = [
            record.event_log_entry.dagster_event_type for record in stock.get_records_for_run(newest.run_id).records
        ]
    assert kinds[-1] == dg.DagsterEventType.RUN_SUCCESS
    assert published.run("sale").success
    assert published.reported("sale") == [0, 1, 2]


def test_a_first_major_may_be_named_with_its_number(mesh) -> None:
    assert mesh("run", "shop.opening_hour@1").code == 0
    said = mesh("run", "shop.opening_hour@2")
    assert said.code != 0
    assert "shop.opening_hour@2" in said.err


def test_a_damaged_port_fails_its_product_alone(mesh, published) -> None:
    newest = max((published.port("sale").path / "_delta_log").glob("*.json"))
    newest.write_bytes(newest.read_bytes()[:40])
    said = mesh("run")
    assert said.code == 1
    assert "shop.sale: commit 0 of its Delta log is damaged" in said.err
    assert "<unknown>" not in said.err
    assert [line.split("\t")[-1] for line in said.out.splitlines() if line.startswith("shop.opening_hour")] == [
        "confirmed"
    ]
    listed = mesh("products")
    assert [line.split("\t")[-1] for line in listed.out.splitlines() if line.startswith("shop.sale\t")] == [
        "unreadable"
    ]
    assert "commit 0 of its Delta log is damaged" in listed.err
    assert mesh("get", "shop.sale").code == 1
    assert mesh("search", "opening").code == 0
