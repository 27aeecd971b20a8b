"""Decimal places of currencies, and amounts as whole numbers of their smallest part."""

from __future__ import annotations

MOST_DECIMALS = 4

_OTHER_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_BY_CURRENCY = {code: places for places, codes in _OTHER_DECIMALS.items() for code in codes.split()}


def currency_decimals(currency: str) -> int:
    """Return the decimal places of a currency by ISO 4217; 2 for every code without a rule of its own."""
    return _BY_CURRENCY.get(currency, 2)


def whole_amount(whole: str, decimals: str) -> int:
    """Return an amount in ten-thousandths, exactly; `decimals` are at most four digits."""
    return int(whole + decimals.ljust(MOST_DECIMALS, "0"))
