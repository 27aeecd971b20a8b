"""The listed companies of the demo market: invented names and tickers, in real sectors and towns.

The tests and the README use the dates of listing: a spin-off, late and early ends of
histories, a split that a later vendor file applies to the past, and a share class with a dot in its
ticker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SPLIT_TICKER: Final = "MNTQ"
SPLIT_FACTOR: Final = 2
SPLIT_DAY: Final = "2017-11-06"
SPIN_OFF_PARENT: Final = "DUVO"
SPIN_OFF_CHILD: Final = "DVRA"
SPIN_OFF_DAY: Final = "2015-07-01"
SPIN_OFF_SHARE: Final = 0.29  # of the parent's value leaves with the child
POINTED: Final = "NVRH.B"

LISTED: Final = {
    SPIN_OFF_CHILD: SPIN_OFF_DAY,
    "PXLO": "2014-05-22",
    "UNDR": "2016-03-17",
    "ZMBA": "2017-10-12",
}
"""First day of those that came to the market later than the file begins."""
DELISTED: Final = {"BLZK": "2016-12-09", "SQRN": "2017-06-29"}
"""Last day of those that were bought or merged."""

_COMPANIES: Final = {
    ("Industrials", "Industrial Machinery & Supplies & Components"): (
        "ABLO Ablon Works|BRZK Brezick Motion|CRDL Cardel Freight|DUVO Duvora Group|DVRA Duvora Air|"
        "EKST Ekster Tools"
    ),
    ("Health Care", "Health Care Equipment"): (
        "GLVR Galvera Medical|HLXO Helixor Devices|IVRA Ivora Laboratories|JVTS Juvantis|"
        "KLND Kelund Care|LYMO Lymora"
    ),
    ("Information Technology", "Application Software"): (
        "MNTQ Mantiq Systems|NUBL Nublar Cloud|ORBX Orbexa Circuits|PXLO Pixelo|QNTR Quantera|"
        "RUNA Runa Networks"
    ),
    ("Communication Services", "Broadcasting"): (
        "TVLA Tavela Media|UNDR Undara Telecom|VXEN Voxen Radio|WNDL Wendell Post"
    ),
    ("Consumer Discretionary", "Apparel Retail"): (
        "WVLY Wavely Shops|XPLA Xaplan Outfitters|YRDA Yarda Homes|ZMBA Zambra Travel|"
        "ALQO Alquo Motors|BLZK Belzak Toys"
    ),
    ("Consumer Staples", "Packaged Foods & Meats"): (
        "CNDL Condell Foods|DLTN Dalten Mills|EVLO Evlora Drinks|FRNL Fernell Farms|GRWD Greywood Bakeries"
    ),
    ("Energy", "Oil & Gas Exploration & Production"): (
        "HYDQ Hydaque Energy|IGNO Ignora Gas|JKRN Jokern Drilling|KRVL Kervil Pipelines|LUMQ Lumique Power"
    ),
    ("Financials", "Regional Banks"): (
        "MRDN Meridan Trust|NVRH.B Novarh Holdings (Class B)|OSTL Ostel Bancorp|"
        "PRVK Provick Insurance|QSTL Questel Credit|"
        "RVLN Rivelin Asset Management|SQRN Squaren Savings"
    ),
    ("Materials", "Specialty Chemicals"): (
        "TRFN Terfin Chemicals|UMBR Umbero Paints|VRLT Verlot Glass|WXLM Waxelm Packaging|XYLN Xylen Paper"
    ),
    (
        "Real Estate",
        "Office REITs",
    ): "YNDL Yendel Offices|ZFRA Zafra Malls|ARNT Arentis Storage|BVLD Bevold Homes REIT",
    ("Utilities", "Electric Utilities"): (
        "CLMR Calamere Electric|DRVN Dervin Water|ELDS Eldis Grid|FLVA Fulva Gas & Light|"
        "GNDR Gandor Power|HSTR Hester Wind"
    ),
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One share: its ticker and the index provider's data of the company."""

    ticker: str
    name: str
    sector: str
    sub_industry: str


def instruments() -> list[Instrument]:
    """Return every share in the order of its ticker, which is the order of the vendor's file."""
    found = [
        Instrument(line.split(" ", 1)[0], line.split(" ", 1)[1], sector, sub_industry)
        for (sector, sub_industry), lines in _COMPANIES.items()
        for line in lines.split("|")
    ]
    return sorted(found, key=lambda share: share.ticker)
