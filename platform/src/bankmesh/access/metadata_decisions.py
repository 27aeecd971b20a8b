"""What a reader may see of everything beside rows: examples, charts, profiles, counts, who reads what, texts of files.

Metadata that was computed from data, or quotes data, shows no more than the decision about the data does. Each function
here decides for one kind of it, as a pure function. A decision of None means that nobody has identified themselves:
then only facts show that are public by contract or operational, and nothing that depends on the values of a column.

Roles of the platform (`data_owner`, `data_steward`, `governance_auditor`) are compared by name; policies do not rename
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.errors import AccessDenied
from bankmesh.access.model import ColumnOutcome, MaskMethod, Reason
from bankmesh.access.registry.reader_registry import AUDITOR, OF_DOMAINS, OWNER, STEWARD, STEWARDSHIP
from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.access.model import AccessDecision, Principal
    from bankmesh.contracts.model import Column, Contract


def shows_every_row(decision: AccessDecision | None) -> bool:
    """Whether a figure over all rows of a table may be shown; nobody in particular sees the number of rows alone."""
    return decision is None or (not decision.is_refused and decision.row_filter.is_everything)


def shows_value(decision: AccessDecision | None, column: Column) -> bool:
    """Whether a value of a column, from a contract or from any row, may be quoted.

    A value quoted from any row could be that of a withheld row, so it needs a decision without a row filter.
    """
    if decision is None:
        return column.classification is Classification.PUBLIC
    return decision.row_filter.is_everything and column.name in decision.shown


def shows_measure(decision: AccessDecision | None, contract: Contract, columns: Iterable[str]) -> bool:
    """Whether a number computed from these columns over all rows may be shown.

    No columns means that it is not known which ones it was computed from, so all of the contract's count.
    """
    if decision is None:
        return False
    named = tuple(columns) or tuple(column.name for column in contract.columns)
    return decision.row_filter.is_everything and decision.shown.issuperset(named)


def why_no_value(decision: AccessDecision, column: str) -> str | None:
    """Return why values of a column are not shown as they are; None if they are shown."""
    found = decision.of(column)
    if found.outcome is ColumnOutcome.WITHHOLD:
        return f"{column} is withheld from you for {decision.purpose}"
    return f"{column} is masked for you ({found.mask})" if found.outcome is ColumnOutcome.MASK else None


def why_no_pair(decision: AccessDecision, key: Iterable[str]) -> str | None:
    """Return why rows cannot be paired by this key; None if they can.

    A pseudonym of a value is the same in every version, so it pairs rows as the value does; other masks make different
    keys equal. Raises AccessDenied if a part of the key is withheld: the pairing would then reveal the key.
    """
    names = tuple(key)
    hidden = [name for name in names if decision.of(name).outcome is ColumnOutcome.WITHHOLD]
    if hidden:
        reasons = [reason for name in hidden for reason in decision.of(name).reasons]
        raise AccessDenied(
            decision.port,
            f"versions are compared by the primary key, of which {', '.join(hidden)} is withheld from you "
            f"for {decision.purpose}",
            reasons,
            f"`mesh policy explain {decision.port}` shows which roles and purposes see the key",
        )
    masks = {name: mask for name in names if (mask := decision.of(name).mask) and mask.method != MaskMethod.PSEUDONYM}
    return f"{', '.join(masks)} of the primary key is masked, so that different keys may look equal" if masks else None


def require_readable(decision: AccessDecision) -> None:
    """Raise AccessDenied if the reader may see no column."""
    if decision.is_refused:
        raise AccessDenied(
            decision.port,
            f"nothing of it is readable for {decision.purpose}, so nothing computed from it is",
            decision.reasons,
            f"`mesh policy explain {decision.port}` shows which roles and purposes may read it",
        )


def owns_facts(principal: Principal | None, domain: str) -> bool:
    """Whether a reader may see who reads the products of a domain, and what its landings rejected.

    Owners and stewards of the domain may, and auditors; nobody else, for whichever purpose.
    """
    if principal is None:
        return False
    return AUDITOR in principal.roles or works_for(principal, domain)


def works_for(principal: Principal | None, domain: str) -> bool:
    """Whether a reader is an owner or steward of the products of a domain."""
    return principal is not None and bool(principal.roles & OF_DOMAINS) and domain in principal.domains


def reads_as_steward(principal: Principal | None, purpose: str | None, domain: str) -> bool:
    """Whether an owner or steward of a domain reads for `stewardship`, or for a narrower purpose."""
    return works_for(principal, domain) and purpose is not None and f"{purpose}.".startswith(f"{STEWARDSHIP}.")


def require_steward(principal: Principal | None, purpose: str | None, domain: str, what: str, command: str) -> None:
    """Raise AccessDenied unless an owner or steward of the domain reads `what` for `stewardship`.

    `command` is the one that would work for them. It is for texts of files, of which no policy knows the columns.
    """
    if reads_as_steward(principal, purpose, domain):
        return
    reason = Reason(f"only {OWNER} and {STEWARD} of {domain} read it, for {STEWARDSHIP}")
    raise AccessDenied(
        what,
        "the text of rejected records may hold any value of a file, so it is not shown to you",
        (reason,),
        f"A token that works: `mesh token issue --role {STEWARD} --domain {domain}`; then `{command}`",
    )
