"""Scorecards of products and domains: pure functions over facts. Unknown measures are null.

| measure | value | out of |
| --- | --- | --- |
| `completeness` | parts that the contract has | parts that a reader looks for (`contract_completeness.PARTS`) |
| `enforced` | promises of the contract that are enforced or shown somewhere | promises |
| `checks_passed` | evaluations of checks that passed, in the last 30 days (UTC) | evaluations in these days |
| `freshness_kept` | seconds in which the newest version was no older than promised | seconds measured |
| `used_by_domains` | other domains that use it | other domains |
| `open_alerts` | open incidents | - |

Promises are the entries of `mesh contract coverage`, except those that promise nothing. Freshness is measured from the
first readable publication, at most 30 days back. A domain uses a product if one of its own products is made from it, or
if a consumer named after the domain has read it in the last 30 days.

A domain's value is the sum of its products' values, out of the sum of their maxima. Products without a port (proposed,
retired) and null values are left out. A domain's open alerts include those about none of its products.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DAYS = 30
WINDOW = DAYS * 86_400.0
MEASURES = ("completeness", "enforced", "checks_passed", "freshness_kept", "used_by_domains", "open_alerts")


@dataclass(frozen=True)
class Measure:
    """A measure: `value` out of `out_of`; None if unknown."""

    value: float | None = None
    out_of: float | None = None

    @property
    def share(self) -> float | None:
        """`value` divided by `out_of`, from 0 to 1; None if either is unknown or `out_of` is 0."""
        return self.value / self.out_of if self.value is not None and self.out_of else None

    def to_json(self) -> dict[str, float | None]:
        """Return value, maximum and share, rounded to four places."""
        share = self.share
        return {"value": self.value, "out_of": self.out_of, "share": None if share is None else round(share, 4)}


UNKNOWN = Measure()


@dataclass(frozen=True)
class PortMeasures:
    """Facts about one port.

    Attributes:
        port: its name.
        domain: its domain.
        has_port: whether it is built and read: neither proposed nor retired.
        parts: number of parts that a contract may have.
        parts_missing: the parts that this contract leaves out.
        promises: number of promises that the contract makes.
        promises_enforced: number of promises that are enforced or shown.
        checks: evaluations in the last 30 days, by outcome.
        freshness_seconds: maximum age of the newest version; None if the contract promises none.
        published_at: moments of readable publications, and of their confirmations, oldest first.
        fresh_since: for each of these moments, when freshness starts; by default the moment itself.
        outdated_at: for each of them, when a version that it is built from was withdrawn, None if none was.
        using_domains: other domains that use it.
        other_domains: number of other domains.
        open_alerts: number of open incidents; None if alerts are not recorded.
    """

    port: str
    domain: str
    has_port: bool
    parts: int
    parts_missing: tuple[str, ...]
    promises: int
    promises_enforced: int
    checks: Mapping[str, int] = field(hash=False)
    freshness_seconds: float | None
    published_at: Sequence[float]
    using_domains: frozenset[str]
    other_domains: int
    open_alerts: int | None
    fresh_since: Sequence[float] = ()
    outdated_at: Sequence[float | None] = ()


@dataclass(frozen=True)
class Scorecard:
    """The figures of one product or domain, by measure; for a product also the missing parts of its contract."""

    id: str
    kind: str
    figures: Mapping[str, Measure] = field(hash=False)
    missing: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `mesh scorecard --json`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "missing": list(self.missing),
        }


def of_product(facts: PortMeasures, now: float) -> Scorecard:
    """Return the scorecard of a port; `now` is in seconds since 1970."""
    evaluations = sum(facts.checks.values())
    figures = {
        "completeness": Measure(facts.parts - len(facts.parts_missing), facts.parts),
        "enforced": Measure(facts.promises_enforced, facts.promises),
        "checks_passed": Measure(facts.checks.get("passed", 0), evaluations) if evaluations else UNKNOWN,
        "freshness_kept": freshness_kept(
            facts.published_at, facts.freshness_seconds, now, facts.fresh_since, facts.outdated_at
        ),
        "used_by_domains": Measure(len(facts.using_domains), facts.other_domains),
        "open_alerts": Measure(facts.open_alerts),
    }
    return Scorecard(facts.port, "product", figures, facts.parts_missing)


def of_domain(domain: str, products: Iterable[PortMeasures], now: float, open_alerts: int | None = None) -> Scorecard:
    """Return the scorecard of a domain; `open_alerts` counts all open incidents in it, None if not recorded."""
    cards = [of_product(facts, now) for facts in products if facts.has_port]
    figures = {name: together(card.figures[name] for card in cards) for name in MEASURES}
    return Scorecard(domain, "domain", figures | {"open_alerts": Measure(open_alerts)})


def together(figures: Iterable[Measure]) -> Measure:
    """Return the sum of the known figures; unknown if none is known."""
    known = [figure for figure in figures if figure.value is not None]
    if not known:
        return UNKNOWN
    outs = [figure.out_of for figure in known if figure.out_of is not None]
    return Measure(sum(figure.value or 0 for figure in known), sum(outs) if outs else None)


def freshness_kept(
    published_at: Sequence[float],
    promised: float | None,
    now: float,
    fresh_since: Sequence[float] = (),
    outdated_at: Sequence[float | None] = (),
) -> Measure:
    """Return for how many seconds of the last 30 days the newest version was no older than promised.

    Time is measured from the first readable publication. The age of restored rows counts from their first publication.
    A version built from a withdrawn version stops being fresh at that withdrawal. The figure is unknown if no freshness
    is promised or nothing has been published.
    """
    if promised is None or not published_at:
        return UNKNOWN
    start = max(published_at[0], now - WINDOW)
    kept = 0.0
    counted = zip_longest(pairwise((*published_at, now)), fresh_since, outdated_at)
    for (since, until), fresh, outdated in counted:
        end = min(until, (since if fresh is None else fresh) + promised, now if outdated is None else outdated)
        kept += max(0.0, end - max(since, start))
    return Measure(round(kept), round(now - start))


def domain_of_consumer(consumer: str, domains: Iterable[str]) -> str | None:
    """Return the domain that a consumer is named after, as `investment` or `investment.risk_desk` are; else None."""
    named = consumer.partition(".")[0]
    return named if named in set(domains) else None
