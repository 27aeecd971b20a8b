"""Spin-offs and share classes that a split-adjusted price does not adjust for, by ticker and day.

Facts from the companies' announcements, their annual reports (Form 10-K) and the notices of the listing exchange.
`day` is the day on which the price shows the action: as a rule the first day without the right to the distribution
(ex-date).
"""

import datetime as dt
from typing import NamedTuple

import polars as pl


class CorporateAction(NamedTuple):
    """A corporate action of a share, and the day on which its price shows it."""

    instrument_id: str
    day: dt.date
    what: str


def _spin_off(ticker: str, day: str, child: str) -> CorporateAction:
    return CorporateAction(ticker, dt.date.fromisoformat(day), f"Spin-off of {child}")


def _share_class(ticker: str, day: str, what: str) -> CorporateAction:
    return CorporateAction(ticker, dt.date.fromisoformat(day), f"Share class: {what}")


CORPORATE_ACTIONS: tuple[CorporateAction, ...] = (
    _spin_off("A", "2014-11-03", "Keysight Technologies"),
    _spin_off("ADP", "2014-10-01", "CDK Global"),
    _spin_off("ARNC", "2016-11-01", "Alcoa Corporation"),
    _spin_off("BAX", "2015-07-01", "Baxalta"),
    _share_class(
        "BHGE", "2017-07-05", "one class A share of the merged company and a special dividend for each old share"
    ),
    _spin_off("BIIB", "2017-02-02", "Bioverativ"),
    _spin_off("CAG", "2016-11-10", "Lamb Weston"),
    _spin_off("CTXS", "2017-02-01", "GetGo, merged into LogMeIn"),
    _spin_off("DHR", "2016-07-05", "Fortive"),
    _share_class("DISCA", "2014-08-07", "one class C share was given out for each share"),
    _share_class("DISCK", "2014-08-07", "one class C share was given out for each share"),
    _spin_off("DOV", "2014-03-03", "Knowles"),
    _spin_off("EBAY", "2015-07-20", "PayPal"),
    _spin_off("HCP", "2016-11-01", "Quality Care Properties"),
    _spin_off("HPE", "2017-04-03", "its enterprise services, merged into DXC Technology"),
    _spin_off("HPE", "2017-09-01", "its software business, merged into Micro Focus"),
    _spin_off("HPQ", "2015-11-02", "Hewlett Packard Enterprise"),
    _spin_off("IR", "2013-12-02", "Allegion"),
    _spin_off("JCI", "2016-10-31", "Adient"),
    _spin_off("MET", "2017-08-07", "Brighthouse Financial"),
    _spin_off("NI", "2015-07-02", "Columbia Pipeline Group"),
    _spin_off("NOV", "2014-06-02", "NOW"),
    _spin_off("OKE", "2014-02-03", "ONE Gas"),
    _spin_off("PPL", "2015-06-02", "its power plants, merged into Talen Energy"),
    _spin_off("SPG", "2014-05-28", "Washington Prime Group"),
    _share_class("UA", "2016-04-08", "the first full day of trading in the new class C"),
    _spin_off("VNO", "2015-01-16", "Urban Edge Properties"),
    _spin_off("VNO", "2017-07-18", "its Washington business, merged into JBG Smith Properties"),
    _spin_off("VTR", "2015-08-18", "Care Capital Properties"),
    _spin_off("WRK", "2016-05-13", "Ingevity, which the vendor shows a trading day early"),
    _spin_off("XRX", "2017-01-03", "Conduent"),
    _spin_off("YUM", "2016-11-01", "Yum China"),
)


def listed_actions() -> pl.LazyFrame:
    """Return the facts above. Columns: instrument_id, day, what."""
    return pl.LazyFrame(
        CORPORATE_ACTIONS, schema={"instrument_id": pl.String, "day": pl.Date, "what": pl.String}, orient="row"
    )
