"""`mesh rejects`: a table or JSON of what the last landing rejected; the rejected text on a terminal only."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from reader_sessions import read_as
from shop_workspace import SALES, Sale, changed, write_exports

from bankmesh.access.tokens.reader_session import session_file
from bankmesh.cli.rejects_command import printable

POISON = "Poisonous-Remark-4711"
AMOUNT = "cannot be read as decimal(14,2)"


def land_refused(published):
    sales = (*changed(3, amount=POISON), Sale(5, 4, POISON, "x"))
    write_exports(published.settings.exports, sales)
    assert not published.run("till.sale").success


@pytest.fixture
def refused(published, published_after):
    """The shop with an export of which two rows are no sales, read by a steward of the shop."""
    published_after(land_refused)
    read_as(published.settings.home, "data_steward", domain="shop")


@pytest.mark.parametrize(
    "name", ["till.sale", "shop.till.sale", "shop.landing.till_sale", "shop/landing/till_sale", "shop.landing.till.sale",
             "shop.sale", "shop.monthly_sale"]
)  # fmt: skip
def test_the_rejects_of_a_landing_by_any_of_its_names_or_by_what_reads_it(mesh, refused, name):
    said = mesh("rejects", name)
    lines = [line.split("\t") for line in said.out.splitlines()]
    assert said.code == 0
    assert lines[1][:5] == ["shop.landing.till_sale", "refused", "2", "5", "0 rows"]
    assert lines[3:7] == [
        ["file", "line", "column", "reason"],
        ["sale.csv", "4", "amount", AMOUNT],
        ["sale.csv", "6", "sold_on", 'cannot be read as date written "%Y-%m-%d"'],
        ["sale.csv", "6", "amount", AMOUNT],
    ]
    assert lines[8:] == [
        ["landing", "column", "reason", "rejects"],
        ["shop.landing.till_sale", "amount", AMOUNT, "1"],
        ["shop.landing.till_sale", "sold_on", 'cannot be read as date written "%Y-%m-%d"', "1"],
    ]
    assert POISON not in said.out + said.err


def test_json_has_the_same_facts_and_no_text(mesh, refused):
    said = mesh("rejects", "till.sale", "--json", "--limit", "1")
    [landing] = json.loads(said.out)
    assert (landing["landing"], landing["state"], landing["records"], landing["rejects"]) == (
        "shop.landing.till_sale", "refused", 5, 2,
    )  # fmt: skip
    assert landing["rejected"] == [{"file": "sale.csv", "line": 4, "faults": [{"column": "amount", "reason": AMOUNT}]}]
    assert [(c["column"], c["rejects"]) for c in landing["by_reason"]] == [("amount", 1), ("sold_on", 1)]
    assert POISON not in said.out + said.err


def test_a_landing_without_rejects_and_a_product_without_landings(mesh, published):
    assert mesh("rejects", "till.hour").out.splitlines()[1].startswith("shop.landing.till_hour\tcurrent\t0\t2\t0 rows")
    assert mesh("rejects", "shop.customer_spend").out == "The product reads no landing directly.\n"
    assert json.loads(mesh("rejects", "shop.customer_spend", "--json").out) == []


def test_an_unknown_name_is_refused_with_the_nearest(mesh):
    said = mesh("rejects", "shop.landing.till_sales")
    assert said.code == 2
    assert "There is no product or landing shop.landing.till_sales. Did you mean shop.landing.till_sale?" in said.err


def test_expired_rejects_are_said_to_be_so(mesh, refused):
    assert mesh("expire", "--rejects-days", 0, "--json").code == 0
    said = mesh("rejects", "till.sale")
    assert "The rejects of shop.landing.till_sale have expired" in said.err
    assert "\t2\t5\t" in said.out
    assert json.loads(mesh("rejects", "till.sale", "--json").out)[0]["expired"] is True


@pytest.mark.parametrize(("roles", "domain"), [(["data_owner"], "market"), (["governance_auditor"], None), ([], None)])
def test_others_see_how_many_records_were_rejected_and_how_to_see_them(mesh, published, refused, roles, domain):
    read_as(published.settings.home, *roles, domain=domain) if roles else session_file(published.settings.home).unlink()
    table, facts = mesh("rejects", "till.sale"), mesh("rejects", "till.sale", "--json")
    assert (table.code, facts.code) == (0, 0)
    [landing] = json.loads(facts.out)
    assert (landing["state"], landing["records"], landing["rejects"]) == ("refused", 5, 2)
    if roles == ["governance_auditor"]:
        assert len(landing["rejected"]) == 2
        return
    assert (landing["by_reason"], landing["rejected"]) == (None, None)
    assert [word for word in ("sale.csv", AMOUNT, "sold_on") if word in table.out + facts.out] == []
    assert "mesh token issue --role data_steward --domain shop" in table.err


@pytest.mark.parametrize(("options", "where"), [(["--json"], "in JSON"), ([], "in a file or a pipe")])
def test_the_text_is_refused_where_it_would_be_kept(mesh, refused, options, where):
    said = mesh("rejects", "till.sale", "--raw", *options)
    assert (said.code, said.out) == (2, "")
    assert f"only on a terminal, not {where}" in said.err


def test_the_text_is_shown_on_a_terminal_without_what_would_steer_it(published, refused):
    """The whole command on a pseudo-terminal, where an escape in a file must not become one on the screen."""
    write_exports(published.settings.exports, (*SALES, Sale(6, 1, "2024-03-16", f"\x1b[31m[red]{POISON}")))
    assert not published.run("till.sale").success
    screen, terminal = pty.openpty()
    mesh = Path(sys.executable).with_name("mesh")
    environment = os.environ | {"COLUMNS": "200", "PYTHONPATH": str(published.settings.root / "domains/shop/src")}
    done = subprocess.run(
        [mesh, "rejects", "till.sale", "--raw"],
        stdout=terminal,
        stderr=subprocess.PIPE,
        env=environment,
        timeout=60,
        check=False,
    )
    os.close(terminal)
    shown = b""
    while part := _read(screen):
        shown += part
    os.close(screen)
    assert done.returncode == 0, done.stderr
    assert f"6,1,2024-03-16,\\x1b[31m[red]{POISON},17,thank you" in shown.decode()
    assert b"\x1b[31m" not in shown
    assert audited(published.settings.home) == [("begin", "data_steward"), ("end", None)]


def audited(home):
    """The kinds of records about reads in the audit log of a home, with the role of their reader; no text of a file."""
    lines = [line for file in (home / "audit").rglob("*.jsonl") for line in file.read_text().splitlines()]
    assert POISON not in "".join(lines)
    records = [record for record in map(json.loads, lines) if record["kind"] in {"begin", "end", "denied"}]
    return [(record["kind"], *(record.get("roles") or [None])) for record in records]


@pytest.mark.parametrize(
    ("role", "domain", "purpose"),
    [
        ("data_steward", "shop", "service"),
        ("governance_auditor", None, "audit"),
        ("data_owner", "market", "stewardship"),
    ],
)
def test_the_text_is_refused_to_others_on_a_terminal_too(mesh, published, refused, monkeypatch, role, domain, purpose):
    read_as(published.settings.home, role, domain=domain, purpose=purpose)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    said = mesh("rejects", "till.sale", "--raw")
    assert (said.code, said.out) == (2, "")
    assert "mesh token issue --role data_steward --domain shop" in said.err
    assert "mesh rejects till.sale --raw" in said.err
    assert POISON not in said.err
    assert audited(published.settings.home) == [("denied", role)]


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 1 << 16)
    except OSError:  # how Linux ends a pseudo-terminal whose other side is closed
        return b""


def test_only_what_can_be_printed_is():
    assert printable("é [b]\x1b[0m\n\t\u202e") == "é [b]\\x1b[0m\\n\\t\\u202e"


def test_files_that_are_refused_as_a_whole_show_why_and_when(mesh, published):
    write_exports(published.settings.exports, SALES)
    (published.settings.exports / "till" / "sale.csv").write_text(f"sale_id;customer\n1;{POISON}\n", encoding="utf-8")
    assert not published.run("till.sale").success
    said = mesh("rejects", "till.sale")
    assert (said.code, POISON in said.out) == (0, False)
    assert said.out.splitlines()[1].split("\t")[:5] == ["shop.landing.till_sale", "refused", "-", "-", "-"]
    assert "The files of shop.landing.till_sale were refused:" in said.out
    [landing] = json.loads(mesh("rejects", "till.sale", "--json").out)
    assert (landing["state"], landing["records"], landing["landed_at"]) == ("refused", None, None)
    assert "the first line is not a header" in landing["refusal"]
    assert landing["refused_at"]
