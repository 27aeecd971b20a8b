"""Filers of holdings with the regulator, and the errors in their figures; all names are invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PERIODS: Final = ("2016-09-30", "2016-12-31", "2017-03-31", "2017-06-30", "2017-09-30", "2017-12-31")


@dataclass(frozen=True, slots=True)
class Filer:
    """A filer: how many of the listed shares it holds, and how its rows and header deviate from dollars.

    `rows_times` and `header_times` are factors on the true values; `header_of` also scales the header, so
    that it equals the rows neither one to one nor one to a thousand. `own` filers hold only instruments that
    no other filer holds.
    """

    name: str
    share_held: float
    size: float  # million dollars
    rows_times: float = 1
    header_times: float = 1
    header_of: float = 1
    own: bool = False
    first_period: int = 0


FILERS: Final = (
    Filer("ASHGROVE CAPITAL PARTNERS LP", 0.9, 9_000),
    Filer("BELLWETHER PENSION BOARD", 0.95, 21_000),
    Filer("COPPERLEAF ASSET MANAGEMENT LLC", 0.8, 4_200),
    Filer("DUNMORE & VALE INVESTMENT COUNSEL", 0.6, 760),
    Filer("EASTMERE GLOBAL ADVISORS", 0.85, 12_500),
    Filer("FOXHOLLOW WEALTH GROUP INC", 0.7, 310),
    Filer("Greyfriar Fund Management", 0.75, 2_900, first_period=2),
    Filer("HALCYON REACH INSURANCE CO", 0.65, 5_800),
    Filer("Ironbark Quantitative LP", 0.92, 15_300),
    # rows a thousand times too high, the header right: must be divided
    Filer("JUNIPER STRAIT HOLDINGS", 0.7, 1_900, rows_times=1000),
    # rows right, the header in thousands: must be kept
    Filer("KESTREL HEATH TRUST CO", 0.6, 3_300, header_times=0.001),
    # rows and header both a thousand times too high: equal, and still must be divided
    Filer("LANGSTROTH FAMILY OFFICE", 0.5, 140, rows_times=1000, header_times=1000),
    # rows right by the other filers' prices, the header of unrelated figures
    Filer("MOORCROFT SECURITIES SA", 0.6, 6_700, header_of=0.62),
    # no other filer holds these, and the header differs: cannot be decided, must be refused
    Filer("NETTLEWOOD FRONTIER PARTNERS", 0.0, 480, rows_times=1000, own=True),
    # no other filer holds these either, and the header agrees: kept, with little of it priced
    Filer("OAKENSHAW PRIVATE MARKETS", 0.06, 220, own=True),
)
