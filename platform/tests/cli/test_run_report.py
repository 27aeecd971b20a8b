"""The end of `mesh run`: what it concerns, what readers have, what was refused, and the next step."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_workspace import changed, write_exports

from bankmesh.cli.run_commands import step_lines


def tables(text: str) -> dict[str, dict[str, str]]:
    """Return the rows of all tables by their first value, each by heading."""
    rows: dict[str, dict[str, str]] = {}
    headings: list[str] = []
    for line in text.splitlines():
        cells = line.split("\t")
        if cells[0] in {"product", "landing"}:
            headings = cells
        elif len(cells) > 1:
            rows[cells[0]] = dict(zip(headings, cells, strict=True))
    return rows


def test_a_landing_by_the_name_that_transforms_give_it(mesh, published) -> None:
    write_exports(published.settings.exports, changed(4, amount="150.00"))
    said = mesh("run", "till.sale")
    assert said.code == 0
    assert [line.split()[1] for line in said.err.splitlines() if line.startswith("done")] == ["shop.landing.till_sale"]
    (row,) = tables(said.out).values()
    assert row == {
        "landing": "shop.landing.till_sale", "rows": "4", "rejects": "0", "landed": row["landed"],
        "this run": "landed",
    }  # fmt: skip
    assert "Next: `mesh run till.sale+` builds what reads it: shop.monthly_sale, shop.sale." in said.err
    assert "Next: " not in mesh("run", "till.sale+").err


def test_a_landing_that_nothing_reads_names_the_command_that_starts_a_product(mesh, published, request) -> None:
    sources = published.settings.root / "domains/shop/src/shop/sources"
    kiosk = sources / "kiosk.yaml"
    request.addfinalizer(kiosk.unlink)
    kiosk.write_text((sources / "till.yaml").read_text().replace("system: till", "system: kiosk"))
    said = mesh("run", "kiosk.hour")
    assert said.code == 0, said.err
    assert "no product reads it yet; `mesh new product shop.NAME --kind dbt --from kiosk.hour`" in said.err


def test_a_run_of_named_products_shows_these_and_their_landings(mesh, published) -> None:
    write_exports(published.settings.exports, changed(4, amount="150.00"))
    said = mesh("run", "shop.sale")
    assert said.code == 0
    assert "Landed first, because their files are new or have changed: shop.landing.till_sale." in said.err
    assert published.rows("sale")[3]["amount"] == 150
    shown = tables(said.out)
    assert list(shown) == ["shop.landing.till_sale", "shop.sale"]
    assert (shown["shop.sale"]["version"], shown["shop.sale"]["this run"]) == ("1", "published")
    assert "Next: `mesh show shop.sale` shows its columns and versions, `mesh get shop.sale` reads it." in said.err


def test_a_run_of_everything_shows_every_product(mesh) -> None:
    said = mesh("run")
    assert {name.partition(".")[2] for name in tables(said.out)} == {
        "sale", "customer_spend", "top_customer", "opening_hour", "monthly_sale",
    }  # fmt: skip
    assert "Next: `mesh search WORDS` finds a product" in said.err


def test_a_landing_that_is_refused_is_not_said_to_be_landed(mesh, published) -> None:
    (published.settings.exports / "till" / "sale.csv").write_text("no header of ours\n")
    said = mesh("run", "shop.sale")
    assert said.code == 1
    assert "the first line is not a header" in said.err
    assert "Landed first" not in said.err
    refused = "Not landed, although their files are new or have changed: shop.landing.till_sale; see above."
    assert refused in said.err
    shown = tables(said.out)
    assert shown["shop.landing.till_sale"]["rows"] == "4"  # those of the landing that products still read
    assert shown["shop.landing.till_sale"]["this run"] == "failed"
    assert (shown["shop.sale"]["version"], shown["shop.sale"]["this run"]) == ("0", "skipped")
    assert "Next: " not in said.err
    assert mesh("run", "shop.sale", "--no-land").code == 0


def test_the_checks_of_a_refused_attempt_are_said_to_be_its(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="-1.00"))
    said = mesh("run", "shop.sale")
    assert said.code == 1
    sale = tables(said.out)["shop.sale"]
    assert (sale["version"], sale["checks"], sale["this run"]) == ("0", "last attempt: 11 passed, 1 failed", "failed")
    last = "shop.sale: the checks are of the last attempt, which was not published; readers keep version 0."
    assert last in said.err
    write_exports(published.settings.exports, changed(3, amount="1.00"))
    again = mesh("run", "shop.sale")
    assert tables(again.out)["shop.sale"]["checks"] == "12 passed"
    assert "last attempt" not in again.err


@pytest.mark.parametrize(("level", "is_printed"), [(None, False), ("1", True)])
def test_a_home_that_make_has_chosen_is_named_for_the_shell(mesh, published, monkeypatch, level, is_printed) -> None:
    monkeypatch.delenv("MAKELEVEL", raising=False)
    if level:
        monkeypatch.setenv("MAKELEVEL", level)
    said = mesh("run", "shop.sale")
    assert said.err.splitlines()[-1].endswith(f"export MESH_HOME={published.settings.home}") is is_printed
    assert ("MESH_HOME" in said.err) is is_printed


def test_the_line_of_a_step_is_two_where_a_terminal_would_cut_it() -> None:
    figures = "version 0, 103,118 rows, 26 passed"
    assert step_lines("done  ", "retail.party", "   1.2 s", figures, None) == [
        f"done   {'retail.party':<48}    1.2 s  {figures}"
    ]
    assert step_lines("done  ", "retail.party", "   1.2 s", "version 0, 537 rows, 18 passed", 80) == [
        f"done   {'retail.party':<30}    1.2 s  version 0, 537 rows, 18 passed"
    ]
    assert step_lines("done  ", "retail.transaction_history", "   1.2 s", figures, 80) == [
        f"done   {'retail.transaction_history':<30}    1.2 s", f"       {figures}",
    ]  # fmt: skip


@settings(max_examples=50)
@given(st.text("abc._", min_size=1, max_size=60), st.text("0123456789, rows", max_size=60), st.integers(80, 200))
def test_no_figure_of_a_step_is_cut(what, said, width) -> None:
    lines = step_lines("failed", what, "   1.2 s", said, width)
    assert max(map(len, lines)) <= width
    assert " ".join(lines).split() == ["failed", what, "1.2", "s", *said.split()]
