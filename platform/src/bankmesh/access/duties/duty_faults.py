"""Faults of products that widen access: the path, what is allowed, and the grant that would lift it, ready to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.duties.grant_lifts import deciders, find_grant_problems
from bankmesh.access.duties.model import Duty
from bankmesh.errors import Fault, as_sentence, shorten_list
from bankmesh.lineage.lineage_graph import ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from bankmesh.access.duties.model import Lift, RefusedRead, Way, Widening
    from bankmesh.contracts.model import Contract
    from bankmesh.errors import Place
    from bankmesh.lineage.model import ColumnRef

RULES = {
    Duty.PURPOSES: "purposes-widened",
    Duty.AUDIENCE: "audience-widened",
    Duty.MASKS: "masks-widened",
    Duty.ROWS: "rows-widened",
}
REFUSED = "input-refused"


def widening_faults(
    contract: Contract, inputs: Mapping[str, Contract], widenings: Iterable[Widening], way: Way
) -> Iterator[Fault]:
    """Yield the faults of a product: one for each input and duty, and each role that an audience is widened by."""
    groups: dict[tuple[str, Duty, tuple[str, ...]], list[Widening]] = {}
    for one in widenings:
        role = one.roles if one.duty is Duty.AUDIENCE else ()
        groups.setdefault((one.source.dataset, one.duty, role), []).append(one)
    for (port, duty, _), found in groups.items():
        first = min(found, key=lambda one: (one.source.column == ROWS, len(one.roles), one))
        place = _place(contract, first)
        columns = tuple(dict.fromkeys(one.target.column for one in found))
        purposes = shorten_list(dict.fromkeys(one.purpose for one in found))
        by = f" to readers with {' and '.join(first.roles)}" if first.roles and duty is not Duty.AUDIENCE else ""
        more = f" ({len(columns)} columns in all)" if len(columns) > 1 else ""
        message = (
            f"{contract.port} gives more than {port} for {purposes}{by}: {first.target.column} {first.given}, but "
            f"{_spell(first.source)} {first.allowed}{more}. Path: {' → '.join(_path(first, way))}. "
            f"{as_sentence(_advice(contract, inputs[port], duty, columns))}"
        )
        file, line = (place.file, place.line) if place else (contract.file, _line(contract, duty))
        yield Fault(file, line, RULES[duty], message)


def _place(contract: Contract, widening: Widening) -> Place | None:
    if widening.duty is Duty.AUDIENCE:
        return next((entry.place for entry in contract.roles if entry.role in widening.roles), None)
    return None if widening.duty is Duty.PURPOSES else contract.column(widening.target.column).place


def _line(contract: Contract, duty: Duty) -> int:
    lines = enumerate(contract.text.splitlines(), 1)
    word = "property: purposes" if duty is Duty.PURPOSES else "roles:"
    return next((number for number, text in lines if word in text), 1)


def _spell(source: ColumnRef) -> str:
    return source.dataset if source.column == ROWS else str(source)


def _path(widening: Widening, way: Way) -> Sequence[str]:
    if widening.source.column == ROWS:
        return (f"rows of {widening.source.dataset}", str(widening.target))
    return way(widening.source, widening.target.column)


_NARROWER = {
    Duty.PURPOSES: "Remove the purpose",
    Duty.AUDIENCE: "Remove the role, or limit its purposes",
    Duty.MASKS: (
        "Classify the column at least as high, or mask it: in the same way if it carries the value unchanged, "
        "else by null, or by redact if it is required"
    ),
    Duty.ROWS: "Carry the columns of the filter unchanged",
}


def _advice(contract: Contract, source: Contract, duty: Duty, columns: Sequence[str]) -> str:
    grant = paste_grant(contract.port, columns, [duty], deciders(source)[0])
    return f"{_NARROWER[duty]}; or let the owner of {source.port} add to `derivationGrants` of {source.file}: {grant}"


def paste_grant(port: str, columns: Iterable[str], duties: Iterable[Duty], by: str) -> str:
    """Return an entry of `derivationGrants`, in one line of YAML; its reason and day are for the owner to write."""
    return (
        f"- {{product: {_quoted(port)}, columns: [{', '.join(columns)}], lifts: [{', '.join(duties)}], "
        f'by: {by}, date: "YYYY-MM-DD", why: "..."}}'
    )


def _quoted(port: str) -> str:
    return f'"{port}"' if "@" in port else port


def refusal_faults(
    contract: Contract, contracts: Mapping[str, Contract], refused: Iterable[RefusedRead], place: Mapping[str, Place]
) -> Iterator[Fault]:
    """Yield the faults of reads that a product may not make; `place` is where it declares each input, by port."""
    groups: dict[tuple[str, Place | None, str], list[RefusedRead]] = {}
    for one in refused:
        groups.setdefault((one.source.dataset, one.place, one.problem), []).append(one)
    for (port, at, problem), found in groups.items():
        names = shorten_list(dict.fromkeys(one.source.column for one in found if one.source.column != ROWS), 5)
        where = at or place.get(port)
        what = f"looks values up in {port}" if at else f"reads {port}"
        columns = f" ({names})" if names else ""
        source = contracts[port]
        step = (
            f"Let its owner add {contract.port} to `consumers` of {source.file}"
            if not found[0].purpose
            else f"Read a product that allows it, or let {source.owner} change the policy"
        )
        message = f"{contract.port} {what}{columns}, but {as_sentence(problem)} {as_sentence(step)}"
        yield Fault(where.file if where else contract.file, where.line if where else 0, REFUSED, message)


def grant_faults(
    contracts: Mapping[str, Contract], used: Collection[Lift], checked: Collection[str]
) -> Iterator[Fault]:
    """Yield the faults of derivation grants, as `find_grant_problems` finds them."""
    for source in contracts.values():
        for grant, rule, problem in find_grant_problems(source, contracts, used, checked):
            yield Fault(grant.place.file, grant.place.line, rule, as_sentence(problem))
