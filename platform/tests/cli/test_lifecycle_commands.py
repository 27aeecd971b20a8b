"""`mesh contract move` and `archive`: the file is edited in place, wrong steps are refused, the end is kept."""

from __future__ import annotations

import getpass
import json
import stat
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from command import Command
from shop_workspace import at_stage, contract_text

from bankmesh.contracts.parsing.contract_reader import read_contract

if TYPE_CHECKING:
    from pathlib import Path

CONTRACTS = "domains/shop/src/shop/contracts"


@pytest.fixture
def mesh(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


@pytest.fixture
def hours(root: Path) -> Path:
    return root / CONTRACTS / "opening_hour.odcs.yaml"


DEPRECATE = (
    "contract",
    "move",
    "shop.opening_hour",
    "deprecated",
    "--why",
    "The door opens itself.",
    "--by",
    "Jan Novák",
)
END = ("--end-of-support", "2026-01-31")


def test_a_move_is_written_into_the_contract_with_who_when_and_why(mesh: Command, hours: Path) -> None:
    before = hours.read_text()
    hours.write_text(before.replace("status: active\n", "status: active   # since the start\n"))
    said = mesh(*DEPRECATE, *END, "--on", "2026-01-02")
    assert (said.code, said.err) == (0, "")
    assert "shop.opening_hour: active -> deprecated on 2026-01-02 by Jan Novák, contract 1.1.0" in said.out
    contract = read_contract(hours)
    (step,) = contract.lifecycle
    assert (step.status, step.on, step.by, step.why) == (
        "deprecated",
        "2026-01-02",
        "Jan Novák",
        "The door opens itself.",
    )
    assert (contract.status, contract.version, contract.custom["endOfSupport"]) == ("deprecated", "1.1.0", "2026-01-31")
    assert "status: deprecated   # since the start\n" in hours.read_text()
    assert mesh("contract", "check").code == 0


def test_a_life_to_its_end(mesh: Command, hours: Path) -> None:
    hours.write_text(hours.read_text().replace("status: active", "status: proposed"))
    for status, *more in (("draft",), ("active",), ("deprecated", *END), ("retired",)):
        said = mesh("contract", "move", "shop.opening_hour", status, "--why", f"Time to be {status}.", "--by", "me", "--on", "2026-03-01" if status == "retired" else "2026-01-05", *more, "--json")  # fmt: skip
        assert said.code == 0
        facts = json.loads(said.out)
        assert (facts["port"], facts["to"], facts["why"]) == ("shop.opening_hour", status, f"Time to be {status}.")
    assert facts == {
        "port": "shop.opening_hour",
        "from": "deprecated",
        "to": "retired",
        "date": "2026-03-01",
        "by": "me",
        "why": "Time to be retired.",
        "version": "1.4.0",
        "end_of_support": "2026-01-31",
        "replaced_by": None,
        "file": f"{CONTRACTS}/opening_hour.odcs.yaml",
    }
    assert [step.status for step in read_contract(hours).lifecycle] == ["draft", "active", "deprecated", "retired"]
    shown = mesh("show", "shop.opening_hour").out
    assert "draft 2026-01-05 by me (Time to be draft), active 2026-01-05 by me (Time to be active)" in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shop.opening_hour", "retired"), "it is active, and retired cannot follow. What may follow is deprecated."),
        (("shop.opening_hour", "active"), "it is already active."),
        (("shop.opening_hour", "draft"), "draft cannot follow"),
        (("shop.opening_hour", "deprecated"), "[missing-end-of-support]"),
        (("shop.opening_hour", "deprecated", *END, "--on", "2999-01-01"), "2999-01-01 is in the future"),
        (("shop.opening_hour", "deprecated", *END, "--on", "2026-02-01"), "[bad-end-of-support]"),
        (("shop.opening_hour", "deprecated", *END, "--replaced-by", "shop.door"), "[unknown-successor]"),
        (("shop.opening_hour", "deprecated", *END, "--replaced-by", "door"), "[bad-replaced-by]"),
        (("shop.opening_hour", "deprecated", *END, "--by", " "), "by is ''; it must be one line of printable text"),
    ],
)
def test_a_move_that_may_not_be_made_is_refused_and_nothing_is_written(mesh, hours: Path, words, told: str) -> None:
    before = hours.read_bytes()
    said = mesh("contract", "move", *words, "--why", "Because.", *(() if "--on" in words else ("--on", "2026-01-02")))
    assert said.code == 1
    assert told in said.err
    assert hours.read_bytes() == before


def test_a_blank_reason_is_none(mesh: Command, hours: Path) -> None:
    before = hours.read_bytes()
    said = mesh("contract", "move", "shop.opening_hour", "deprecated", "--why", "  ", *END)
    assert (said.code, "why is ''; it must be one line of printable text" in said.err) == (1, True)
    assert mesh("contract", "move", "shop.opening_hour", "deprecated", *END).code == 2
    assert mesh("contract", "move", "shop.opening_hour", "asleep", "--why", "x").code == 2
    assert mesh("contract", "move", "shop.door", "draft", "--why", "x").code == 2
    assert hours.read_bytes() == before


def test_what_is_read_is_not_retired(mesh: Command, root: Path) -> None:
    sale = root / CONTRACTS / "sale.odcs.yaml"
    sale.write_text(at_stage(contract_text("sale"), "deprecated", endOfSupport='"2026-01-31"'))
    before = sale.read_bytes()
    said = mesh("contract", "move", "shop.sale", "retired", "--why", "Enough.", "--on", "2026-03-01")
    assert said.code == 1
    assert "customer_spend.sql:4: shop.customer_spend reads shop.sale, which is retired and has no port." in said.err
    assert "top_customer.odcs.yaml:31: shop.top_customer reads shop.sale" in said.err
    assert sale.read_bytes() == before
    sale.write_text(at_stage(contract_text("sale"), "retired"))
    checked = mesh("contract", "check")
    assert checked.code == 1
    assert "dbt_project/models/shop/products/customer_spend.sql:4: shop.customer_spend reads shop.sale" in checked.out
    assert {fault["rule"] for fault in json.loads(mesh("contract", "check", "--json").out)} == {"input-without-port"}


def test_of_several_majors_one_is_named(mesh: Command, root: Path) -> None:
    second = root / CONTRACTS / "opening_hour.v2.odcs.yaml"
    second.write_text(contract_text("opening_hour", "2.0.0"))
    said = mesh("contract", "move", "shop.opening_hour", "deprecated", "--why", "x", *END)
    assert said.code == 1
    assert "it has several majors; write shop.opening_hour@1 or shop.opening_hour@2" in said.err
    words = ("contract", "move", "shop.opening_hour@1", "deprecated", "--why", "The second tells minutes.", *END)
    assert mesh(*words, "--replaced-by", "shop.opening_hour@2", "--on", "2026-01-02").code == 0
    assert (read_contract(second).status, read_contract(second.with_name("opening_hour.odcs.yaml")).status) == (
        "active",
        "deprecated",
    )


def test_who_and_when_are_git_s_name_and_today_unless_said(mesh: Command, root: Path, hours: Path, monkeypatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    words = ("contract", "move", "shop.opening_hour", "draft", "--why", "Begun.", "--json")
    hours.write_text(hours.read_text().replace("status: active", "status: proposed"))
    text = hours.read_text()
    facts = json.loads(mesh(*words).out)
    assert (facts["by"], facts["date"]) == (getpass.getuser(), datetime.now(UTC).date().isoformat())
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "config", "user.name", "Eva  Malá"], cwd=root, check=True)
    hours.write_text(text)
    assert json.loads(mesh(*words).out)["by"] == "Eva Malá"


def test_rights_and_byte_order_mark_of_the_file_stay(mesh: Command, hours: Path) -> None:
    hours.write_bytes(b"\xef\xbb\xbf" + hours.read_bytes())
    hours.chmod(0o664)
    assert mesh(*DEPRECATE, *END, "--on", "2026-01-02").code == 0
    assert hours.read_bytes().startswith(b"\xef\xbb\xbfapiVersion")
    assert stat.S_IMODE(hours.stat().st_mode) == 0o664


# --- The archive ---------------------------------------------------------------------------------------------


def retire(hours: Path) -> None:
    hours.write_text(at_stage(contract_text("opening_hour"), "retired"))


def test_a_retired_product_is_archived_and_read_by_auditors_alone(mesh: Command, hours: Path, published) -> None:
    retire(hours)
    said = mesh("contract", "archive", "shop.opening_hour", "--by", "me")
    folder = published.settings.home / "archive/shop/opening_hour/v1"
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("shop.opening_hour: archived, 1 versions, ")
    assert str(folder) in said.out
    assert json.loads((folder / "MANIFEST.json").read_text())["archived_by"] == "me"
    again = mesh("contract", "archive", "shop.opening_hour")
    assert (again.code, "all as recorded" in again.out) == (0, True)
    refused = mesh("get", "shop.opening_hour")
    assert refused.code == 1
    assert "shop.opening_hour was retired on 2026-01-01" in refused.err
    assert (
        mesh("get", "shop.opening_hour", "--archived", "--format", "csv").out == "weekday,opens\nmonday,8\nsunday,10\n"
    )
    assert json.loads(mesh("show", "shop.opening_hour", "--json").out)["versions"][0]["rows"] == 2
    assert "shop.opening_hour" not in mesh("products").out


def test_what_was_changed_in_the_archive_is_named(mesh: Command, hours: Path, published) -> None:
    retire(hours)
    facts = json.loads(mesh("contract", "archive", "shop.opening_hour", "--json").out)
    assert (facts["archived"], facts["moved"], facts["changed"], facts["versions"]) == (True, True, [], [0])
    folder = published.settings.home / "archive/shop/opening_hour/v1"
    assert facts["folder"] == str(folder)
    (folder / "_delta_log/00000000000000000000.json").write_text("{}")
    said = mesh("contract", "archive", "shop.opening_hour")
    assert (said.code, "NOT as recorded: _delta_log/00000000000000000000.json" in said.out) == (1, True)
    assert json.loads(mesh("contract", "archive", "shop.opening_hour", "--json").out)["changed"] == [
        "_delta_log/00000000000000000000.json"
    ]


def test_the_living_are_not_archived_and_not_read_from_there(mesh: Command, published) -> None:
    said = mesh("contract", "archive", "shop.sale")
    assert said.code == 1
    assert "shop.sale is active; only retired products can be archived." in said.err
    assert mesh("get", "shop.sale", "--archived").code == 1
    assert published.versions("sale") == [0]


def test_a_proposed_product_is_refused_by_get_and_by_run(mesh: Command, hours: Path) -> None:
    hours.write_text(at_stage(contract_text("opening_hour"), "proposed"))
    for words in (("get", "shop.opening_hour"), ("run", "shop.opening_hour")):
        said = mesh(*words)
        assert said.code == 2
        assert "shop.opening_hour is proposed and has no port yet" in said.err


def test_expiry_archives_what_is_retired(mesh: Command, hours: Path, published) -> None:
    retire(hours)
    removed = json.loads(mesh("expire", "--json").out)
    folder = published.settings.home / "archive/shop/opening_hour/v1"
    assert removed["shop.opening_hour"] == {"archived": str(folder)}
    assert mesh("expire").code == 0
    assert (folder / "MANIFEST.json").is_file()
    assert not (published.settings.home / "ports/shop/opening_hour/v1").exists()
