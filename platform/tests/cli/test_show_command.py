"""`mesh show`: what it says of a product and of a landing, and never a value of a file."""

from __future__ import annotations

import json
from functools import partial

import pytest
from shop_workspace import Sale, changed, contract_text, write_exports


def test_show_as_json(mesh, published) -> None:
    published.run("customer_spend")
    shown = json.loads(mesh("show", "shop.customer_spend", "--json").out)
    assert shown["id"] == "shop.customer_spend"
    assert shown["contract"]["status"] == "active"
    (freshness,) = shown["contract"]["service_levels"]
    assert freshness | {"property": "freshness", "value": 1, "unit": "d"} == freshness
    assert shown["columns"][0]["name"] == "customer_id"
    assert {column["classification"] for column in shown["columns"]} == {"internal", "confidential", "restricted"}
    assert "primary_key_unique" in [clause["name"] for clause in shown["clauses"]]
    assert [version["version"] for version in shown["versions"]] == [1, 0]
    assert shown["versions"][0]["inputs"] == {"shop.sale": 0}


def test_show_as_text(mesh) -> None:
    said = mesh("show", "shop.sale")
    assert said.code == 0
    for expected in (
        "shop.sale",
        "What was sold at the till.",
        "Shop Data",
        "decimal(18,2)",
        "restricted",
        "12 passed",
    ):
        assert expected in said.out


def test_show_something_that_is_not_there(mesh) -> None:
    said = mesh("show", "shop.sael")
    assert said.code == 2
    assert said.out == ""
    assert "There is no product or landing shop.sael. Did you mean shop.sale?" in said.err
    assert mesh("show", "shop.sale", "--major", "2").code == 2


TOLERATED = (*changed(3, amount="Poisonous-Remark-4711"), Sale(5, 4, "2024-04-01", "1.00"))


@pytest.fixture
def tolerant(published):
    """The shop tolerates one reject, and an export has one."""
    declaration = published.settings.root / "domains/shop/src/shop/sources/till.yaml"
    text = declaration.read_text()
    declaration.write_text(text.replace("  sale:\n", "  sale:\n    rejects_tolerated: 1\n"))
    write_exports(published.settings.exports, TOLERATED)
    yield
    declaration.write_text(text)


def test_rejects_that_were_tolerated_are_counted(mesh, published, tolerant) -> None:
    assert "rejects  " not in mesh("show", "shop.sale").out
    assert mesh("run", "shop.sale").code == 0
    product, landing = mesh("show", "shop.sale"), mesh("show", "till.sale")
    assert "1 of 5 records of till.sale; `mesh rejects till.sale` lists them" in product.out
    assert json.loads(mesh("show", "shop.sale", "--json").out)["rejects"] == [
        {"landing": "till.sale", "records": 5, "rejects": 1}
    ]
    assert "tolerated       rejects up to 1 rows" in landing.out
    heading, row = (line.split("\t") for line in landing.out.splitlines()[-3:-1])
    assert heading == ["state", "landed", "files", "records", "rows", "rejects"]
    assert (row[0], row[2:]) == ("current", ["1", "5", "4", "1"])
    assert landing.out.splitlines()[-1] == "`mesh rejects till.sale` lists what the last attempt rejected."
    assert "Poisonous" not in product.out + landing.out
    assert mesh("show", "shop.top_customer").out.count("rejects") == 0  # it reads no landing


@pytest.mark.parametrize("name", ["till.sale", "shop.till.sale", "shop.landing.till_sale"])
def test_a_landing_has_its_declaration_and_what_was_landed(mesh, name) -> None:
    said = mesh("show", name)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "shop.landing.till_sale  landing, internal to shop"
    assert "  owner           till-team" in lines
    assert "  files           sale.csv in till" in lines
    assert any(line.startswith("sale_id\tlong\tinternal\tyes\t") for line in lines)
    assert lines[-1].split("\t")[0] == "current"
    facts = json.loads(mesh("show", name, "--json").out)
    assert (facts["landing"], facts["state"], facts["files"]) == ("shop.landing.till_sale", "current", ["sale.csv"])
    assert facts["current"] == facts["last_attempt"]
    assert (facts["current"]["records"], facts["current"]["rejects"]) == (4, 0)


def test_a_refused_landing_is_beside_the_one_that_is_read(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="no amount"))
    assert mesh("run", "till.sale").code == 1
    refused, current = (line.split("\t") for line in mesh("show", "till.sale").out.splitlines()[-3:-1])
    assert (refused[0], refused[3:]) == ("refused", ["4", "3", "1"])
    assert (current[0], current[3:]) == ("current", ["4", "4", "0"])


def test_files_that_were_refused_as_a_whole_are_explained(mesh, published) -> None:
    (published.settings.exports / "till" / "sale.csv").write_text("no header of ours\n")
    assert mesh("run", "till.sale").code == 1
    refused, current, why = mesh("show", "till.sale").out.splitlines()[-3:]
    assert refused.split("\t")[0] == "refused"
    assert current.split("\t")[0] == "current"
    assert "the first line is not a header" in why
    facts = json.loads(mesh("show", "till.sale", "--json").out)
    assert (facts["state"], facts["refusal"], facts["last_attempt"]) == ("refused", why, None)


def test_a_declaration_with_faults_is_named_with_its_line(mesh, published) -> None:
    declaration = published.settings.root / "domains/shop/src/shop/sources/kiosk.yaml"
    declaration.write_text("system: kiosk\nobjcts: {}\n")
    try:
        said = mesh("show", "kiosk.hour")
    finally:
        declaration.unlink()
    assert said.code == 1
    assert "kiosk.yaml:2: the declaration has no key objcts; did you mean objects?" in said.err


def test_what_was_never_made_names_the_command_that_makes_it(mesh, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "fresh"))
    assert mesh("show", "till.sale").out.splitlines()[-1] == "Never landed: `mesh run till.sale` lands it."
    assert mesh("show", "shop.sale").out.splitlines()[-1] == "Never published: `mesh run shop.sale` builds it."
    facts = json.loads(mesh("show", "till.sale", "--json").out)
    assert (facts["state"], facts["current"], facts["last_attempt"]) == ("never landed", None, None)


@pytest.mark.parametrize(
    ("zone", "shown"), [("", "Every day at 06:00 and 18:00 UTC"), ("Europe/Prague", "06:00 and 18:00 Europe/Prague")]
)
def test_a_schedule_is_shown_in_words_with_its_cron_and_zone(mesh, published, request, zone, shown) -> None:
    contract = published.settings.root / "domains/shop/src/shop/contracts/opening_hour.odcs.yaml"
    request.addfinalizer(partial(contract.write_text, contract.read_text()))
    level = '  - {property: frequency, value: 12, unit: h, scheduler: cron, schedule: "0 6,18 * * *"}\n'
    text = contract_text("opening_hour").replace("slaProperties:\n", f"slaProperties:\n{level}")
    named = f"  - {{property: scheduleTimezone, value: {zone}}}\nschema:\n" if zone else "schema:\n"
    contract.write_text(text.replace("schema:\n", named, 1))
    said = mesh("show", "shop.opening_hour")
    (line,) = (line for line in said.out.splitlines() if line.startswith("  schedule "))
    assert line.endswith(f"{shown} (cron 0 6,18 * * *)")
    assert "scheduleTimezone" not in said.out
    facts = json.loads(mesh("show", "shop.opening_hour", "--json").out)["contract"]
    assert facts["schedule"] == {"cron": "0 6,18 * * *", "timezone": zone or "UTC", "runs": True}
    contract.write_text(contract.read_text().replace("status: active", "status: draft"))
    (line,) = (line for line in mesh("show", "shop.opening_hour").out.splitlines() if line.startswith("  schedule "))
    assert "not while it is draft; once it is active (`mesh contract move`)" in line
    assert json.loads(mesh("show", "shop.opening_hour", "--json").out)["contract"]["schedule"]["runs"] is False
