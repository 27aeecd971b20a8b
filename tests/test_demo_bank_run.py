"""The mesh over the demo bank as its user sees it: a whole run, a second one, and runs over damaged exports."""

import datetime as dt
import gzip
import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from reader_sessions import read_as_owner
from whole_bank import AS_OWNER, DOMAINS, ROOT

import retail
from bankmesh.client import DataMeshClient
from bankmesh.contracts.shrink_tolerance import AcceptedShrink
from bankmesh.orchestration.asset_keys import landing_key
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.products.domain_package import read_domain
from bankmesh.settings import current_settings
from demo_bank.corrupt import corrupt

PRODUCTS = {
    f"retail.{name}"
    for name in (
        "account", "credit_card_spending_patterns", "customer_360", "loan_applications", "party", "transaction_history",
    )
}  # fmt: skip
STACK_TRACE = re.compile(r'Traceback|File "[^"]+\.py", line|\.py:\d+')
BEHIND_TRANSACTIONS = {"retail.transaction_history", "retail.credit_card_spending_patterns", "retail.customer_360"}


class Steps:
    """The message of each step that failed."""

    def __init__(self):
        self.failures = {}

    def started(self, step):
        """Nothing to keep."""

    def finished(self, step, notes):
        """Nothing to keep."""

    def decided(self, unchanged):
        """Nothing to keep."""

    def failed(self, step, message):
        self.failures[step] = message


def run_in_process(home, only=(), accepted=None, *, force=True):
    """Run the mesh of `home`; returns outcome, messages of failed steps, and a client."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MESH_HOME", str(home))
        environment.setenv("BANKMESH_ROOT", str(ROOT))
        environment.delenv("BANK_DATA", raising=False)
        steps, settings = Steps(), current_settings(ROOT)
        with open_instance(settings) as instance:
            outcome = run_everything(settings.root, instance, steps, only, accepted=accepted, force=force)
    read_as_owner(home, *DOMAINS)
    return SimpleNamespace(home=home, outcome=outcome, failures=steps.failures, client=DataMeshClient(ROOT, home))


def retail_assets():
    """What the domain of the damaged files makes by itself: its landings, and its products that read no other domain."""
    domain = read_domain(Path(retail.__file__).parent)
    landed = [landing_key("retail", s.name, o.name).to_user_string() for s in domain.systems for o in s.objects]
    return [*landed, *(name.replace(".", "/") for name in sorted(PRODUCTS) if name.startswith("retail."))]


def landing(name):
    return landing_key("retail", "core_banking", name).to_user_string()


def failure(run, key):
    """What was said of the step that makes this asset, which must read as a message and not as a stack trace."""
    message = run.failures[key.replace("/", "__")]
    assert not STACK_TRACE.search(message), message
    return message


def states(run):
    return {state.contract.product: state for state in run.client.products("retail")}


def rejects(home, name):
    (found,) = (
        frame
        for path in (home / "landings").rglob("rejects.parquet")
        if f"{name}" in str(path.parent.parent) and (frame := pl.read_parquet(path)).height
    )
    return found.rows(named=True)


@pytest.fixture(scope="module")
def damaged(bank, tmp_path_factory):
    """`damaged("truncated-row", ...)`: a copy of that mesh whose exports were damaged since, and where."""

    def make(*kinds):
        home = tmp_path_factory.mktemp("damaged") / "mesh"
        shutil.copytree(bank.home, home)
        return home, [corrupt(home / "exports", kind) for kind in kinds]

    return make


def test_a_first_run_publishes_everything(bank, mesh_command):
    assert bank.run.returncode == 0, bank.run.stderr[-3000:]
    assert not STACK_TRACE.search(bank.run.stderr)
    listed = mesh_command(bank.home, "products", "--json")
    assert listed.returncode == 0
    found = {product["id"]: product for product in json.loads(listed.stdout)}
    assert set(found) >= PRODUCTS
    for name, product in found.items():
        checks = product["checks"]
        assert (name, product["published_version"], product["freshness"]) == (name, 0, "fresh")
        assert (name, checks["failed"], checks["errored"]) == (name, 0, 0)
        assert checks["passed"] > 0
        # The table that a run ends with has the same products.
        assert name in bank.run.stdout
    rows = {name: product["rows"] for name, product in found.items()}
    assert rows["retail.transaction_history"] == bank.rows["trans"]
    assert rows["retail.account"] == bank.rows["account"]
    assert rows["retail.party"] == rows["retail.customer_360"] == bank.rows["client"]
    assert rows["retail.loan_applications"] == bank.rows["loan"]


def landed_rows(home, name):
    paths = [path for path in (home / "landings").rglob("rows*.parquet") if f"/{name}/" in str(path)]
    return pl.read_parquet(paths)


def test_payments_of_statements_agree_with_the_transactions(bank):
    payments, bookings = (landed_rows(bank.home, name) for name in ("statement_payment", "trans"))
    month = bookings.filter(pl.col("booking_date") >= dt.date(1998, 12, 1))
    signed = pl.when(pl.col("direction") == "CREDIT").then("amount").otherwise(-pl.col("amount"))
    both = payments.join(month.with_columns(signed.alias("booked")), on=["transaction_id", "booking_date"])
    assert both.height == payments.height == month.height > 0
    differs = both.filter(pl.col("signed_amount") != pl.col("booked"))
    assert set(differs["category"]) <= {"INTEREST"}
    assert (differs["signed_amount"] - differs["booked"]).abs().max() in {None, Decimal("0.10")}


def test_loans_of_the_host_are_those_of_core_banking(bank):
    host, core = (
        landed_rows(bank.home, name).drop("complete_through", strict=False)
        for name in ("loans_host/loan", "core_banking/loan")
    )
    texts = {"FINISHED_OK": "zurückgezahlt", "RUNNING_IN_DEBT": "laufend, überfällig"}
    for outcome, text in texts.items():
        assert set(host.filter(pl.col("outcome") == outcome)["outcome_text"]) <= {text}
    assert host.drop("outcome_text").sort("loan_id").equals(core.select(host.columns[:-1]).sort("loan_id"))
    assert host.height > 0


def test_positions_of_the_custodians_report_are_those_of_its_table(bank):
    report, table = (landed_rows(bank.home, f"custodian/{name}") for name in ("position_report", "position"))
    order = ["position_date", "account_number", "symbol"]
    assert report.select(table.columns).sort(order).equals(table.sort(order))
    assert report.height == bank.rows["positions"] > 0


def test_what_only_the_demo_bank_has_comes_through(bank):
    client = DataMeshClient(ROOT, bank.home, **AS_OWNER)
    patterns = client.get_data_product("retail", "credit_card_spending_patterns").to_polars()
    assert 0 < patterns["purchase_transactions"].sum() <= bank.rows["card_purchase"]
    assert patterns["top_merchant_category"].drop_nulls().str.contains(r"^\d{4}$").all()
    customers = client.get_data_product("retail", "customer_360").to_polars()
    assert set(customers["marketing_opt_in"]) == {True, False, None}
    with gzip.open(bank.home / "exports" / "berka_pkdd99" / "trans.asc.gz", "rt") as file:
        last = max(line.split(";")[2] for line in file.readlines()[1:])
    assert customers["as_of"].unique().dt.strftime("%y%m%d").to_list() == [last]


def test_a_second_run_adds_versions_with_the_same_rows(damaged):
    home, _ = damaged()
    run = run_in_process(home, retail_assets(), force=False)
    assert (run.outcome.published, run.outcome.confirmed) == (set(), set(retail_assets()))
    run = run_in_process(home, retail_assets())
    assert run.failures == {}
    assert run.outcome.published >= set(retail_assets())
    for name in PRODUCTS:
        first, second = (run.client.get_data_product(*name.split("."), 1, version=v).to_polars() for v in (0, 1))
        assert [found["version"] for found in run.client.history(name, 1)] == [1, 0]
        # The files of partitions may come in any order; what else there is stands in the order of its key.
        first, second = (frame.sort(frame.columns[0], maintain_order=True) for frame in (first, second))
        assert first.equals(second), name


def test_a_truncated_row_and_an_orphan_as_the_user_sees_them(damaged, bank, mesh_command):
    home, (cut, _) = damaged("truncated-row", "orphan-account")
    ran = mesh_command(home, "run", "--force")
    assert ran.returncode == 1
    assert not STACK_TRACE.search(ran.stderr)
    # The landing is refused, and the message says how many rows, which declaration, and where each reject stands.
    said = ran.stderr
    assert re.search(r"core_banking\.trans is not landed: 1 of [\d,]+ rows rejected, 0 rows? tolerated", said)
    assert "core_banking.yaml:" in said
    (reject,) = rejects(home, "trans")
    assert (reject["file"], reject["line"]) == (cut.file.name, cut.line)
    assert re.search(r"\b3\b.*\b10\b|\b10\b.*\b3\b", reject["reason"])
    # The gate refuses the orphan, and names clause, product referred to, and counts; no value.
    assert re.search(r"retail\.loan_applications is not published: 1 of \d+ clauses", said)
    assert re.search(rf"account_id__references_account \(failed\): .*retail\.account: 1 of {bank.rows['loan']}\b", said)
    assert "999999999" not in said
    assert "loan_applications.odcs.yaml:" in said
    # Everything that does not read them goes on; what does keeps its last version.
    listed = {p["id"]: p for p in json.loads(mesh_command(home, "products", "--json").stdout)}
    versions = {name: listed[name]["published_version"] for name in PRODUCTS}
    kept = BEHIND_TRANSACTIONS | {"retail.loan_applications"}
    assert versions == {name: 0 if name in kept else 1 for name in PRODUCTS}
    assert listed["retail.loan_applications"]["checks"]["failed"] == 1
    assert "retail.customer_360" in said[said.index("Skipped") :]
    read_as_owner(home, *DOMAINS)
    read = mesh_command(home, "get", "retail.loan_applications", "--format", "csv")
    assert read.returncode == 0
    assert len(read.stdout.splitlines()) == bank.rows["loan"] + 1
    assert "999999999" not in read.stdout


def test_an_unknown_code_another_encoding_and_an_empty_file(damaged, bank):
    home, (code, letter, empty) = damaged("unknown-code", "wrong-encoding", "empty-file")
    run = run_in_process(home, retail_assets())
    assert run.outcome.failed == {landing("trans"), landing("district"), landing("disp")}
    assert "1 of" in failure(run, landing("trans"))
    (reject,) = rejects(home, "trans")
    assert (reject["file"], reject["line"], reject["column"]) == (code.file.name, code.line, "type")
    assert "code table" in reject["reason"]
    said = failure(run, landing("district"))
    assert str(letter.file) in said
    assert f"line {letter.line}" in said
    assert "0xA9" in said
    assert "ascii" in said
    said = failure(run, landing("disp"))
    assert str(empty.file) in said
    assert "empty" in said
    assert "Expected" in said
    # Parties cannot be built, and everything refers to parties.
    assert {name.replace("/", ".") for name in run.outcome.skipped} >= PRODUCTS
    assert {name: states(run)[name].published_version for name in PRODUCTS} == dict.fromkeys(PRODUCTS, 0)
    assert run.client.get_data_product("retail", "party").to_polars().height == bank.rows["client"]


def test_a_missing_column_a_missing_file_and_a_bad_birth_number(damaged, bank):
    home, (column, file, birth) = damaged("missing-column", "missing-file", "bad-birth-number")
    run = run_in_process(home, retail_assets())
    said = failure(run, landing("trans"))
    assert str(column.file) in said
    assert "9 columns" in said
    assert "10 columns" in said
    assert "k_symbol" in said.partition("Expected")[2]
    said = failure(run, landing("account"))
    assert str(file.file.parent) in said
    assert "account.asc.gz" in said
    # A birth number that is no date is personal data: the message names the product or object, and never the number.
    with gzip.open(birth.file, "rt") as lines:
        number = lines.readlines()[birth.line - 1].split(";")[1].strip('"')
    assert run.outcome.failed & {"retail/party", landing("client")}
    for key in run.outcome.failed & {"retail/party", landing("client")}:
        said = failure(run, key)
        assert "retail.party" in said or "core_banking.client" in said
        assert number not in said
    assert {name: states(run)[name].published_version for name in PRODUCTS} == dict.fromkeys(PRODUCTS, 0)
    assert run.client.get_data_product("retail", "account").to_polars().height == bank.rows["account"]


def test_a_bad_birth_number_is_rejected_with_file_and_line(damaged):
    home, (birth,) = damaged("bad-birth-number")
    run = run_in_process(home, [landing("client")])
    assert run.outcome.failed == {landing("client")}
    (reject,) = rejects(home, "client")
    assert (reject["file"], reject["line"], reject["column"]) == (birth.file.name, birth.line, "birth_number")


def test_a_repeated_row_is_caught_by_the_control_file(damaged, bank):
    home, _ = damaged("duplicate-transaction")
    run = run_in_process(home, [landing("trans"), "retail/transaction_history"])
    said = failure(run, landing("trans"))
    assert "trans.control.csv" in said
    assert f"{bank.rows['trans']} rows" in said.replace(",", "")
    assert str(bank.rows["trans"] + 1) in said.replace(",", "")
    assert run.outcome.skipped == {"retail/transaction_history"}


def test_a_repeated_row_without_a_control_file_is_caught_by_the_gate(damaged, bank):
    home, (twice,) = damaged("duplicate-transaction")
    twice.file.with_name("trans.control.csv").unlink()
    # Without a control file nobody says that the last day is complete, so the landing falls behind the one before.
    accepted = AcceptedShrink("Core banking sends no control files any more.", "retail-data")
    run = run_in_process(home, [landing("trans"), "retail/transaction_history"], accepted)
    assert run.outcome.published == {landing("trans")}
    said = failure(run, "retail/transaction_history")
    assert "retail.transaction_history is not published" in said
    assert "transaction_id" in said
    assert "transaction_history.odcs.yaml:" in said
    state = states(run)["retail.transaction_history"]
    assert (state.published_version, state.rows, state.checks["failed"]) == (0, bank.rows["trans"], 1)
