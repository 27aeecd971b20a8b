"""Names of ports: every form of a name leads back to it, and a name is written in one module."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bankmesh
from bankmesh.names import (
    PortName,
    major_of_folder,
    parse_port_name,
    port_of_asset,
    port_of_contract_file,
    port_of_table,
    split_major,
)

PLATFORM = Path(bankmesh.__file__).parent
WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
# A product's name never ends as the table of a later major does: contracts refuse it.
PRODUCTS = WORDS.filter(lambda word: not word.rpartition("_v")[2].isdigit())
PORTS = st.builds(PortName, WORDS.filter(lambda word: word != "legacy"), PRODUCTS, st.integers(1, 120))


@given(PORTS)
def test_every_form_of_a_name_leads_back_to_it(port: PortName) -> None:
    assert parse_port_name(str(port)) == port
    assert parse_port_name(port.numbered) == port
    assert port_of_asset(port.asset_path) == port
    assert port_of_asset(port.asset.split("/")) == port
    assert port_of_table(port.domain, port.table) == port
    assert port_of_contract_file(port.domain, port.contract_file) == port
    assert major_of_folder(port.folder.rpartition("/")[2]) == port.major
    assert split_major(port.numbered) == (port.product_id, port.major)


@given(PORTS, PORTS)
def test_two_ports_share_no_name(one: PortName, other: PortName) -> None:
    forms = [
        (str(p), p.asset, p.step, p.folder, (p.domain, p.table), (p.domain, p.contract_file)) for p in (one, other)
    ]
    for first, second in zip(*forms, strict=True):
        # A step's name has no mark that a domain or a product may not hold, too: `a__b` and `c`, `a` and `b__c`.
        assert (first == second) == (one == other) or "__" in f"{one.domain}{one.product}{other.domain}{other.product}"


def test_the_forms_of_a_name() -> None:
    first, second = PortName("retail", "party"), PortName("retail", "party", 2)
    assert (str(first), first.asset, first.step, first.table, first.folder, first.contract_file) == (
        "retail.party", "retail/party", "retail__party", "party", "retail/party/v1", "party.odcs.yaml",
    )  # fmt: skip
    assert (str(second), second.asset, second.step, second.table, second.folder, second.contract_file) == (
        "retail.party@2", "retail/party/v2", "retail__party__v2", "party_v2", "retail/party/v2", "party.v2.odcs.yaml",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "party", "retail.", ".party", "a.b.c", "a.b@", "a.b@x", "a.b@0", "a.b@2@3", "a.b@٢"]
)
def test_other_texts_name_no_port(text: str) -> None:
    with pytest.raises(ValueError, match="names no port"):
        parse_port_name(text)


@pytest.mark.parametrize(
    "path",
    [["legacy", "core_banking_trans"], ["retail", "landing", "core_banking_trans"], ["retail"], ["a", "b", "v1"]],
)
def test_other_assets_are_no_ports(path: list[str]) -> None:
    assert port_of_asset(path) is None


@pytest.mark.parametrize("text", ["a.b@x", "a.b@", "@"])
def test_what_names_no_major_is_quoted_as_it_is(text: str) -> None:
    assert split_major(text) == (text, None)


def test_names_are_taken_apart_in_one_module() -> None:
    apart = [path for path in PLATFORM.rglob("*.py") if 'partition("@")' in path.read_text(encoding="utf-8")]
    others = {"lineage/openlineage/openlineage_names.py"}  # the user in the address of a database
    assert {path.relative_to(PLATFORM).as_posix() for path in apart} - others == {"names.py"}
