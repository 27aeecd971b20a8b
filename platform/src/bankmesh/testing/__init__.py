"""Tests of a whole product in a temporary folder: contract, transform, gate and port, without Dagster.

    from bankmesh.testing import domain_contract, try_product

    contract = domain_contract("retail", "credit_card_spending_patterns")
    trial = try_product(contract, {"cards": cards, ...}, transform=credit_card_spending_patterns, home=tmp_path)
    assert trial.broken == ()
    assert trial.rows["card_amount"].to_list() == [Decimal("12.00")]

`samples_of("retail", DEFAULTS)` makes those frames: `samples.rows("retail.party", {"party_id": 1})`.

`contract_text("shop.sale", {"sale_id": "integer"})` writes a contract for tests of contracts themselves.

With `pytest_plugins = ["bankmesh.testing.fixtures"]` in a domain's `conftest.py`, the fixture `trial` is
`try_product` with a separate mesh home for each test.
"""

from bankmesh.testing.contract_builder import contract_text, write_contract
from bankmesh.testing.partitions import WithoutPartitions, find_dependent_partitions
from bankmesh.testing.samples import Samples, samples_of
from bankmesh.testing.trials import InputsMissing, Trial, domain_contract, try_product

__all__ = [
    "InputsMissing",
    "Samples",
    "Trial",
    "WithoutPartitions",
    "contract_text",
    "domain_contract",
    "find_dependent_partitions",
    "samples_of",
    "try_product",
    "write_contract",
]
