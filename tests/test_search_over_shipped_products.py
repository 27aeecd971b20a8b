"""Questions that people ask, over the products that come with Bankmesh, judged by hand; and what their contracts say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_update import rebuild
from bankmesh.catalog.search.product_search import search
from bankmesh.catalog.search.search_query import parse_search_query
from bankmesh.settings import Settings
from bankmesh.workspace.workspace_contracts import workspace_contracts

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    home = tmp_path_factory.mktemp("mesh")
    with Catalog(f"sqlite:///{home / 'catalog.db'}") as opened:
        rebuild(Settings(ROOT, home, home / "exports"), None, opened)
        yield opened


def find(catalog, text):
    with catalog.reading() as connection:
        return search(connection, parse_search_query(text))


def ids(catalog, text):
    return [hit.id for hit in find(catalog, text)]


FIRST = {
    "card spending": "retail.credit_card_spending_patterns",
    "how much do people spend by card": "retail.credit_card_spending_patterns",
    "creditcard": "retail.credit_card_spending_patterns",
    "churn": "customer_service.customer_churn_propensity",
    "who will leave, churn propensity": "customer_service.customer_churn_propensity",
    "custmer 360": "retail.customer_360@2",
    "customer view": "retail.customer_360@2",
    "sentimant": "customer_service.sentiment_analysis",
    "mood sentiment of texts": "customer_service.sentiment_analysis",
    "value at risk": "investment.market_risk_metrics",
    "volatility drawdown": "investment.market_risk_metrics",
    "loans": "retail.loan_applications",
    "loan aplications": "retail.loan_applications",
    "transactions": "retail.transaction_history",
    "bookings of an account": "retail.transaction_history",
    "trades": "investment.trade_executions",
    "portfolio": "investment.portfolio_holdings",
    "13F holdings": "investment.portfolio_holdings",
    "prices": "investment.market_prices",
    "complaints and calls": "customer_service.customer_interaction_history",
    "interactions": "customer_service.customer_interaction_history",
    "model evaluation": "customer_service.model_evaluations",
    "party master": "retail.party",
    "birth date": "retail.party.birth_date",
}


@pytest.mark.parametrize("asked", FIRST)
def test_what_is_found_first(catalog, asked) -> None:
    assert ids(catalog, asked)[0] == FIRST[asked]


AMONG_THREE = {
    "balance": "retail.customer_360@2.balance",
    "phone number": "retail.party.phone",
    "gender": "retail.party.gender",
    "exchange rates": "investment.market_prices",
    "stock prices": "investment.market_prices",
    "marketing consent": "retail.party.marketing_opt_in",
}


@pytest.mark.parametrize("asked", AMONG_THREE)
def test_what_is_found_among_the_first_three(catalog, asked) -> None:
    assert AMONG_THREE[asked] in ids(catalog, asked)[:3]


def test_an_owner_finds_what_it_owns(catalog) -> None:
    contracts = workspace_contracts(ROOT)
    owners = {contract.owner for contract in contracts}
    assert len(owners) > 1
    for owner in owners:
        own = {contract.port for contract in contracts if contract.owner == owner}
        found = [hit.port for hit in find(catalog, owner) if hit.kind == "product"]
        assert set(found[: len(own)]) == own


def test_every_product_is_found_first_by_its_name_and_its_id(catalog) -> None:
    for contract in workspace_contracts(ROOT):
        wanted = contract.product if contract.major == 1 else contract.port
        if contract.status.value == "active":
            for asked in (contract.name, contract.name.replace("_", " "), contract.product):
                assert ids(catalog, asked)[0] == wanted, asked


def test_every_column_is_found_first_by_its_id(catalog) -> None:
    for contract in workspace_contracts(ROOT):
        port = contract.port if contract.status.value == "active" else f"{contract.product}@{contract.major}"
        for column in contract.columns:
            assert ids(catalog, f"{port}.{column.name}")[0] == f"{contract.port}.{column.name}"


def test_the_old_customer_view_is_below_the_new_one(catalog) -> None:
    found = ids(catalog, "customer 360")
    assert found.index("retail.customer_360@2") < found.index("retail.customer_360")
