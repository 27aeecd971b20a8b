"""Removal of landings: the declaration loses the object, unless something of the domain or of the file needs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixed_width_samples import BATCHES
from shop_workspace import SYSTEM, write_workspace

from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan, ChangeRefused
from bankmesh.scaffolding.workspace_changes.landing_removal import plan_landing_removal
from bankmesh.settings import Settings
from bankmesh.sources import read_systems
from bankmesh.workspace.landing_names import AmbiguousLanding, LandingName, declared_landings, find_landing

SHOP = "domains/shop/src/shop"
SOURCE = f"{SHOP}/sources/till.yaml"
COUPON = """\
  # Paper coupons.
  coupon:
    description: One row for each coupon.
    files: [coupon.csv]
    columns:
      coupon_id: {type: long, required: true, classification: internal, description: Number.}
"""


HOST = """\
system: host
description: Loans of the host.
owner: lending
format: {kind: copybook, copybook: loan.cpy, encoding: cp273}
objects:
  loan:
    description: One row for each loan.
    files: [LOANS.BIN]
    columns:
      LOAN: {type: string, as: loan, classification: internal, description: The loan.}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shop, whose till exports coupons, too, which nobody reads."""
    write_workspace(tmp_path / "bank")
    (tmp_path / "bank" / SOURCE).write_text(SYSTEM.replace("  hour:\n", f"{COUPON}  hour:\n"))
    return Settings(root=tmp_path / "bank", home=tmp_path / "home", exports=tmp_path / "exports")


def plan(settings: Settings, name: str) -> ChangePlan:
    landing = find_landing(declared_landings(settings.root), name)
    assert landing is not None
    return plan_landing_removal(settings, landing)


@pytest.mark.parametrize("name", ["till.coupon", "shop.landing.till_coupon"])
def test_an_object_that_nobody_reads_leaves_the_declaration_and_its_rows_stay(settings: Settings, name: str) -> None:
    rows = settings.home / "landings/shop/till/coupon"
    rows.mkdir(parents=True)
    planned = plan(settings, name)
    planned.write()
    assert (settings.root / SOURCE).read_text() == SYSTEM
    assert rows.is_dir()
    assert str(rows) in planned.notes[0]


def test_the_last_object_takes_the_file_with_it_and_a_copybook_is_reported(settings: Settings) -> None:
    file = settings.root / SHOP / "sources/host.yaml"
    file.write_text(HOST)
    file.with_name("loan.cpy").write_text("       01 LOAN PIC X.\n")
    planned = plan(settings, "host.loan")
    assert list(planned.actions()) == [("remove", f"{SHOP}/sources/host.yaml")]
    assert planned.notes == (f"No declaration reads {SHOP}/sources/loan.cpy any more, which stays.",)


def test_what_is_read_is_not_removed(settings: Settings) -> None:
    with pytest.raises(ChangeRefused, match=r"till\.hour: it is read by .*defs/opening_hour/defs\.yaml:6"):
        plan(settings, "till.hour")
    with pytest.raises(ChangeRefused) as refused:
        plan(settings, "till.sale")
    for place in ("defs/sale/defs.yaml:6", "staging/stg_till__sales.sql:2"):
        assert place in refused.value.problem


def test_an_object_whose_control_total_the_format_declares_is_not_removed(settings: Settings) -> None:
    (settings.root / SHOP / "sources/host.yaml").write_text(BATCHES)
    with pytest.raises(
        ChangeRefused, match=r"host\.item: the rest of its file needs it: host\.yaml:\d+: .*is declared by no object"
    ):
        plan(settings, "host.item")
    plan(settings, "host.batch").write()
    (system,) = (system for system in read_systems(settings.root / SHOP / "sources") if system.name == "host")
    assert [item.name for item in system.objects] == ["item"]


def test_an_object_that_several_domains_land_needs_the_domain(settings: Settings) -> None:
    other = settings.root / "domains/kiosk/src/kiosk"
    (other / "sources").mkdir(parents=True)
    (other / "definitions.py").touch()
    (other / "sources/till.yaml").write_text((settings.root / SOURCE).read_text())
    with pytest.raises(AmbiguousLanding, match=r"kiosk\.landing\.till_coupon or shop\.landing\.till_coupon"):
        plan(settings, "till.coupon")
    plan(settings, "kiosk.landing.till_coupon").write()
    assert "coupon" not in (other / "sources/till.yaml").read_text()
    assert "coupon" in (settings.root / SOURCE).read_text()


def test_landings_that_share_an_asset_key_are_named_by_their_systems() -> None:
    landings = [LandingName("shop", "till", "front_coupon"), LandingName("shop", "till_front", "coupon")]
    with pytest.raises(AmbiguousLanding) as raised:
        find_landing(landings, "shop.landing.till_front_coupon")
    assert str(raised.value).endswith("Name one of them: shop.till.front_coupon or shop.till_front.coupon.")
    assert [find_landing(landings, each.with_domain) for each in landings] == landings


def test_a_model_that_reads_an_object_whose_name_ends_like_a_major_is_a_reader(settings: Settings) -> None:
    source = settings.root / SOURCE
    source.write_text(source.read_text().replace("  coupon:\n", "  coupon_v2:\n"))
    model = "dbt_project/models/shop/staging/stg_coupons.sql"
    (settings.root / model).write_text("select *\nfrom {{ source('till', 'coupon_v2') }}\n")
    with pytest.raises(ChangeRefused, match=f"it is read by {model}:2"):
        plan(settings, "till.coupon_v2")
