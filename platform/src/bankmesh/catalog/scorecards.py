"""Scorecards: how a product, or a domain, keeps what is expected of it. From facts alone; what is not known is null.

| measure | value | out of |
| --- | --- | --- |
| `completeness` | parts that the contract has | parts that a reader looks for (`contract_completeness.PARTS`) |
| `enforced` | promises of the contract that are enforced or shown somewhere | promises |
| `checks_passed` | evaluations of checks that passed, in the last 30 days (UTC) | evaluations in these days |
| `freshness_kept` | seconds in which the newest version was no older than promised | seconds looked at |
| `used_by_domains` | other domains that use it | other domains |
| `open_alerts` | incidents that stand now | - |

Promises are what `mesh contract coverage` lists, but for those that say nothing. Freshness is looked at since the first
publication that is readable, 30 days at most. A domain uses a product if one of its own is made from it, or if a
consumer called after the domain has read it in the last 30 days.

A domain's value is the sum of its products' values, out of the sum of what those are out of; products without a port
(proposed, retired) are left out, and so is what is null. Its open alerts also count those about no product of it.
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
    """A measure: `value` out of `out_of`; None where it is not known."""

    value: float | None = None
    out_of: float | None = None

    @property
    def share(self) -> float | None:
        """Value by out of, from 0 to 1; None where there is nothing to share."""
        return self.value / self.out_of if self.value is not None and self.out_of else None

    def to_json(self) -> dict[str, float | None]:
        """Value, out of, and share, rounded to four places."""
        share = self.share
        return {"value": self.value, "out_of": self.out_of, "share": None if share is None else round(share, 4)}


UNKNOWN = Measure()


@dataclass(frozen=True)
class PortMeasures:
    """What is known of one port.

    Attributes:
        port: its name.
        domain: whose it is.
        has_port: whether it is built and read: neither proposed nor retired.
        parts: how many parts a contract may have, and which of them this one leaves out.
        parts_missing: those that it leaves out.
        promises: how many promises the contract makes.
        promises_enforced: how many of them are enforced or shown.
        checks: evaluations in the last 30 days, by outcome.
        freshness_seconds: how old the newest version may be; None where nothing is promised.
        published_at: moments of readable publications, and of their confirmations, oldest first.
        fresh_since: of each of them the moment that freshness counts from; left out, the same.
        outdated_at: of each of them when a version that it is built from was withdrawn, None if none was.
        using_domains: other domains that use it.
        other_domains: how many there are.
        open_alerts: None where alerts are not recorded.
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
    """The figures of one product or domain, by measure, and what its contract leaves out (of a product)."""

    id: str
    kind: str
    figures: Mapping[str, Measure] = field(hash=False)
    missing: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The entry of `mesh scorecard --json`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "missing": list(self.missing),
        }


def of_product(facts: PortMeasures, now: float) -> Scorecard:
    """The scorecard of a port; `now` is seconds since 1970."""
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
    """The scorecard of a domain; `open_alerts` are all that stand in it, None where alerts are not recorded."""
    cards = [of_product(facts, now) for facts in products if facts.has_port]
    figures = {name: together(card.figures[name] for card in cards) for name in MEASURES}
    return Scorecard(domain, "domain", figures | {"open_alerts": Measure(open_alerts)})


def together(figures: Iterable[Measure]) -> Measure:
    """The sum of figures, those that are not known left out; not known if none is."""
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
    """For how many seconds of the last 30 days the newest version was no older than promised.

    Looked at is the time since the first publication that is readable. Restored rows are as old as their first
    publication, and what is built from a withdrawn version is not current from its withdrawal on. Not known where
    nothing is promised or nothing has been published.
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
    """The domain that a consumer belongs to, if it is called after one: `investment`, `investment.risk_desk`."""
    named = consumer.partition(".")[0]
    return named if named in set(domains) else None
