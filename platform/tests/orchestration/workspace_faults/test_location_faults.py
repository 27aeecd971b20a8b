"""Code locations that cannot be found or do not load: each has one fault, with a reason on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bankmesh.errors import FaultsFound
from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location

if TYPE_CHECKING:
    from booth_workspace import Booth


def test_a_sound_location_loads(booth: Booth) -> None:
    assert booth.found_with_locations() == []


def test_a_module_that_is_not_there(booth: Booth) -> None:
    file = booth.root / "workspace.yaml"
    file.write_text(file.read_text() + "  - python_module:\n      module_name: nobody_here.definitions\n")
    [(place, line, _, message)] = [fault for fault in booth.found() if fault[2] == "unknown-module"]
    assert (place, line) == ("workspace.yaml", 4)
    assert message == "there is no Python module nobody_here.definitions; install its package"


@pytest.mark.parametrize(
    ("text", "rule"),
    [("load_from: [", "yaml-syntax"), ("- load_from", "workspace-file"), ("load_from: {a: 1}", "workspace-file")],
)
def test_a_workspace_file_that_cannot_be_read(booth: Booth, text: str, rule: str) -> None:
    (booth.root / "workspace.yaml").write_text(text)
    assert ("workspace.yaml", rule) in {(place, kind) for place, _, kind, _ in booth.found()}


@pytest.mark.parametrize(
    ("text", "rule", "said"),
    [
        ("select 1\nfrom {{ ref('nothing') }}\n", "dbt-reference", "there is no model nothing in the domain booth."),
        ("select 1\nfrom {{ ref( }}\n", "dbt-syntax", "not valid Jinja: unexpected '}'"),
        ("select {{ 1 }},\n{{ var('rate') }}\n", "dbt-variable", "declare rate under vars in dbt_project.yml"),
        ("select {{ 1 }},\n{{ rate() }}\n", "dbt-macro", "there is no macro rate."),
    ],
)
def test_what_dbt_would_refuse_is_a_fault_of_the_model(booth: Booth, text: str, rule: str, said: str) -> None:
    booth.path("products/top_customer.sql").write_text(text)
    [(place, line, found, message)] = booth.found_with_locations()
    assert (place, line, found) == ("products/top_customer.sql", 2, rule)
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("definitions.py", "raise OSError('the vault\\nis closed')\n", "the vault is closed"),
        ("defs/sale/transform.py", "import no_such_library\ndef sale(sales): ...\n", "no_such_library"),
        ("defs/sale/transform.py", "from math import pi as sale\n", "transform.py has no function sale"),
    ],
)
def test_whatever_keeps_a_location_from_loading_is_a_fault_on_one_line(
    booth: Booth, name: str, text: str, said: str
) -> None:
    booth.path(name).write_text(text)
    [(place, line, rule, message)] = booth.found_with_locations()
    assert (place, line, rule) == ("workspace.yaml", 2, "location-not-loaded")
    assert message.startswith("the code location booth does not load: ")
    assert said in message
    assert "\n" not in message


def test_a_location_that_does_not_load_for_a_known_fault_is_not_named_again(booth: Booth) -> None:
    booth.edit("contracts/sale.odcs.yaml", "status: active", "status: asleep")
    assert [rule for _, _, rule, _ in booth.found_with_locations()] == ["bad-status"]


def test_what_dagster_refuses_when_it_resolves_a_location_is_found(booth: Booth) -> None:
    text = booth.path("definitions.py").read_text()
    booth.path("definitions.py").write_text(
        text.replace("return load", "import dagster as dg\n    loaded = load")
        + "    twice = [dg.AssetsDefinition(specs=[dg.AssetSpec('a', deps=['b'])]) for _ in range(2)]\n"
        + "    return dg.Definitions.merge(loaded, dg.Definitions(twice))\n"
    )
    [(_, _, rule, message)] = booth.found_with_locations()
    assert rule == "location-not-loaded"
    assert "booth" in message


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("contracts/sale.odcs.yaml", "unit: d\n", 'unit: d\n  - {property: frequency, value: 1, unit: d, scheduler: cron, schedule: "0 6 31 2 1"}\n'),
        ("sources/till.yaml", "owner:", "ownr:"),
        ("defs/sale/defs.yaml", "transform:", "transfrom:"),
        ("defs/sale/defs.yaml", ".transform:sale", ".transform:sales"),
        ("defs/sale/transform.py", "def sale(sales)", "def sale(sale)"),
    ],
)  # fmt: skip
def test_what_keeps_the_location_from_loading_was_found_in_the_files(
    booth: Booth, name: str, old: str, new: str
) -> None:
    booth.edit(name, old, new)
    assert booth.found() != []
    with pytest.raises((LocationNotLoaded, FaultsFound)):
        load_location("booth", "booth.definitions")
