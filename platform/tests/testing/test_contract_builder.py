"""`bankmesh.testing.contract_text`: whatever a test states of a contract, the rest is as the standard wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bankmesh.contracts.model import Classification
from bankmesh.contracts.parsing.contract_reader import read_contract, read_text
from bankmesh.names import PortName
from bankmesh.testing import contract_text, write_contract

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,4}(_[a-z]{1,3})?", fullmatch=True)
TYPES = st.sampled_from(["string", "integer", "date", "boolean", "timestamp"])


@given(NAMES, NAMES, st.integers(1, 20), st.dictionaries(NAMES, TYPES, min_size=1, max_size=5))
def test_any_contract_is_free_of_faults(domain: str, product: str, major: int, columns: dict[str, str]) -> None:
    port = PortName(domain, product, major)
    contract, faults = read_text(port.contract_file, contract_text(str(port), columns))
    assert faults == ()
    assert contract is not None
    assert contract.port_name == port
    assert [column.name for column in contract.columns] == list(columns)


def test_what_is_given_replaces_what_is_filled_in(tmp_path: Path) -> None:
    secret = {"logicalType": "string", "classification": "restricted", "description": "It."}
    clause = {"id": "few", "type": "library", "metric": "rowCount", "mustBeLessThan": 9, "description": "Few rows."}
    file = write_contract(
        tmp_path,
        "shop.sale@2",
        {"secret": secret},
        quality=[clause],
        properties={"productType": "source-aligned", "consumers": ["till"]},
        status="draft",
        version="2.3.0",
        team={"name": "till"},
    )
    assert file.name == "sale.v2.odcs.yaml"
    contract = read_contract(file)
    assert (contract.version, contract.owner, contract.product_type) == ("2.3.0", "till", "source-aligned")
    assert contract.columns[0].classification is Classification.RESTRICTED
    assert "few" in {clause.name for clause in contract.clauses}


def test_a_text_that_names_no_port_is_refused() -> None:
    with pytest.raises(ValueError, match=r"write domain\.product"):
        contract_text("sale", {"sale_id": "integer"})
