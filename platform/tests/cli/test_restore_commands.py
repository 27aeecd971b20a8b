"""`mesh withdraw`, `mesh rollback`, `mesh resume`: what people type, read and get refused."""

from __future__ import annotations

import json

import pytest
from shop_workspace import SALES, changed, write_exports

from bankmesh.ports import latest
from bankmesh.workspace.stage_transitions import person

REASON = ("--reason", "amounts in the\n wrong currency")


def publish_again(published):
    write_exports(published.settings.exports, changed(4, SALES, amount="321.00"))
    assert published.run("till.sale", "sale", "customer_spend").success


@pytest.fixture
def twice(mesh, published_after):
    """`shop.sale` and what reads it, published twice; the second time with another amount."""
    published_after(publish_again)
    return mesh


def test_withdrawing_says_what_readers_get_and_that_the_product_is_held(twice, published) -> None:
    said = twice("withdraw", "shop.sale", "--version", 1, *REASON, "--by", "Ada")
    assert said.code == 0
    assert "shop.sale: version 1 is withdrawn by Ada." in said.out
    assert "Readers get version 2: the rows of version 0, 4 rows in all, fresh since" in said.out
    assert "`mesh resume shop.sale`" in said.out
    assert published.reported("sale") == [0, 1, 2]
    assert latest(published.port("sale")).decision.reason == "amounts in the wrong currency"
    shown = json.loads(twice("show", "shop.sale", "--json").out)["versions"]
    assert [version["withdrawn"] is not None for version in shown] == [False, True, False]
    assert shown[0]["restores"]["withdrawn"] == [1]
    assert "withdrawn by Ada: amounts in the wrong currency" in twice("show", "shop.sale").out


def test_who_decided_is_who_works_here(twice, published) -> None:
    assert twice("withdraw", "shop.sale", "--version", 1, *REASON).code == 0
    assert latest(published.port("sale")).decision.by == person(published.settings.root)


def test_rolling_back_in_json(twice) -> None:
    said = twice("rollback", "shop.sale", "--to", 0, *REASON, "--by", "Ada", "--json")
    facts = json.loads(said.out)
    assert (facts["kind"], facts["version"], facts["withdrawn"]) == ("rollback", 0, [1])
    assert (facts["published_version"], facts["rows"]) == (2, 4)
    own = facts["notices"][-1]
    assert (own["owner"], own["routes"]) == ("Shop Data (owner)", [])
    assert "shop.customer_spend" in facts["notices"][0]["text"]


def test_a_withdrawn_version_is_read_only_by_who_says_so(twice) -> None:
    twice("withdraw", "shop.sale", "--version", 1, *REASON, "--by", "Ada")
    refused = twice("get", "shop.sale", "--version", 1)
    assert refused.code == 1
    assert "version 1 is withdrawn" in refused.err
    assert "Read version 2" in refused.err
    assert "321.00" in twice("get", "shop.sale", "--version", 1, "--withdrawn").out
    assert "321.00" not in twice("get", "shop.sale").out


def test_a_run_leaves_it_and_says_so(twice, published) -> None:
    twice("withdraw", "shop.sale", "--version", 1, *REASON, "--by", "Ada")
    everything = twice("run", "--json")
    assert everything.code == 0
    assert "Not built: shop.sale is held since" in everything.err
    this_run = {entry["name"]: entry["this_run"] for entry in json.loads(everything.out)}
    assert this_run["sale"] == "held"
    assert this_run["customer_spend"] == this_run["top_customer"] == "published"
    assert latest(published.port("customer_spend")).provenance.inputs == {"shop.sale": 2}
    assert twice("run", "shop.sale").code == 1
    resumed = twice("resume", "shop.sale", "--reason", "repaired", "--by", "Grace")
    assert resumed.code == 0
    assert "resumed by Grace" in resumed.out
    assert twice("run", "shop.sale").code == 0
    assert "321.00" in twice("get", "shop.sale").out


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("withdraw", "shop.sale", "--version", 0, *REASON), 1, "no good version before version 0"),
        (("withdraw", "shop.sale", "--version", 9, *REASON), 1, "no readable version 9. Versions that can be"),
        (("rollback", "shop.sale", "--to", 0, *REASON), 1, "readers have the rows of version 0 already"),
        (("withdraw", "shop.sale", "--version", 0, "--reason", " "), 1, "name the person who decides and the reason"),
        (("withdraw", "shop.sael", "--version", 0, *REASON), 2, "Did you mean shop.sale"),
        (("resume", "shop.sale"), 1, "nothing holds it"),
        (("withdraw", "shop.sale", "--version", 0), 2, "--reason"),
    ],
)
def test_what_is_refused_changes_nothing(mesh, published, words, code, problem) -> None:
    said = mesh(*words)
    assert said.code == code
    assert problem in said.err
    assert published.versions("sale") == [0]
