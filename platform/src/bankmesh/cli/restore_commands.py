"""`mesh withdraw`, `mesh rollback` and `mesh resume`: a bad version goes, and its product is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.lifecycle_commands import Product
from bankmesh.cli.output import JsonOption, console, count, print_json
from bankmesh.instance import existing_instance
from bankmesh.ports import port_at, roll_back
from bankmesh.ports import resume as resume_port
from bankmesh.ports import withdraw as withdraw_version
from bankmesh.settings import current_settings
from bankmesh.workspace.stage_access import require_port
from bankmesh.workspace.stage_transitions import contract_of_port, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.alerts.withdrawal_notices import WithdrawalNotice
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port, RestoreResult
    from bankmesh.settings import Settings

Reason = Annotated[str, typer.Option(help="Why, for those who ask later; owners of consuming products read it.")]
By = Annotated[str | None, typer.Option(help="Who decided; git's user.name or the login name if left out.")]


def withdraw(
    product: Product,
    version: Annotated[int, typer.Option(help="The bad version.")],
    reason: Reason,
    by: By = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a version: readers get the rows that were there before it, where nobody replaced them since."""
    from bankmesh.products.candidates.mixed_versions import mix_check

    settings = current_settings()
    contract, port = _product(settings, product)
    who, why, mix = by or person(settings.root), one_line(reason), mix_check(settings.home, contract)
    _restore(
        settings,
        contract,
        lambda: withdraw_version(port, version, by=who, reason=why, check_mix=mix),
        as_json=as_json,
    )


def rollback(
    product: Product,
    to: Annotated[int, typer.Option("--to", help="The good version that readers get again.")],
    reason: Reason,
    by: By = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Give readers a good version again and withdraw all that came after it."""
    settings = current_settings()
    contract, port = _product(settings, product)
    who, why = by or person(settings.root), one_line(reason)
    _restore(settings, contract, lambda: roll_back(port, to, by=who, reason=why), as_json=as_json)


def resume(
    product: Product,
    reason: Annotated[str, typer.Option(help="Why it may be built again.")] = "resumed",
    by: By = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Let a product that is held after a withdrawal be built again by the code that it has."""
    settings = current_settings()
    contract, port = _product(settings, product)
    who = by or person(settings.root)
    with uninterrupted():
        decision = resume_port(port, by=who, reason=one_line(reason))
        if as_json:
            print_json({"port": contract.port, **decision.to_json()})
        else:
            _print([f"{contract.port}: resumed by {decision.by}; the next run builds it."])


def _product(settings: Settings, product: str) -> tuple[Contract, Port]:
    contract = contract_of_port(settings.root, product)
    require_port(contract)
    return contract, port_at(settings.home, contract.product, contract.major)


def one_line(text: str) -> str:
    """White space in what people wrote is made one space each."""
    return " ".join(text.split())


def _restore(settings: Settings, contract: Contract, commit: Callable[[], RestoreResult], *, as_json: bool) -> None:
    """Commit the decision, report it to Dagster, and print what readers get now. Only the notices can be stopped."""
    from bankmesh.products.versions.restored_versions import report_version

    instance = existing_instance(settings)
    with uninterrupted():
        done = commit()
        if instance is not None:
            with instance:
                report_version(instance, settings.home, contract)
        if not as_json:
            _print(_lines(contract, done))
    notices = _announce(settings, contract)
    if as_json:
        print_json(_facts(contract, done) | {"notices": [_notice_facts(notice) for notice in notices]})
    else:
        _print([_notice_line(notice) for notice in notices])


def _print(lines: list[str]) -> None:
    for line in lines:
        console().print(line, markup=False, soft_wrap=True)


def _announce(settings: Settings, contract: Contract) -> list[WithdrawalNotice]:
    """Tell owners of consuming products and the product's own; a failure leaves that to the domain's sensor."""
    from bankmesh.alerts.withdrawal_announcements import announce_withdrawals

    try:
        told = announce_withdrawals(settings, [contract])
    except Exception as error:  # noqa: BLE001 - the version is withdrawn; who is told of it is told later
        _warn(f"Nobody is notified yet ({type(error).__name__}); the sensor {contract.domain}_lineage tries again.")
        return []
    for failure in told.failures:
        _warn(f"A notice was not delivered and will be sent again: {failure}")
    return told.notices


def _notice_facts(notice: WithdrawalNotice) -> dict[str, object]:
    return {"owner": notice.owner, "text": notice.body, "routes": list(notice.routes)}


def _notice_line(notice: WithdrawalNotice) -> str:
    what = notice.body.splitlines()[2]
    if not notice.routes:
        return f"No route leads to {notice.owner}, so notify them: {what}"
    return f"Notified {notice.owner} by {', '.join(notice.routes)}. {what}"


def _warn(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def _facts(contract: Contract, done: RestoreResult) -> dict[str, object]:
    made = done.publication
    return {
        "port": contract.port,
        **done.decision.to_json(),
        "published_version": made.version if made else None,
        "partitions": list(made.provenance.partitions) if made and made.provenance.partitions else None,
        "rows": made.rows if made else None,
        "fresh_since": made.fresh_since.isoformat() if made else None,
        "holders": list(done.holders),
    }


def _lines(contract: Contract, done: RestoreResult) -> list[str]:
    decision, made = done.decision, done.publication
    gone = ", ".join(map(str, decision.withdrawn))
    lines = [f"{contract.port}: version {gone} is withdrawn by {decision.by}."]
    if made is None:
        lines.append("No row of it is what readers get now, so no row changes.")
    else:
        partitions = made.provenance.partitions
        where = f" in {len(partitions)} partitions" if partitions else ""
        since = f"fresh since {made.fresh_since:%Y-%m-%d %H:%M} UTC"
        what = f"the rows of version {decision.restored}{where}, {count(made.rows)} rows in all, {since}"
        until = f"until its code or contract changes, or `mesh resume {contract.port}`"
        lines += [f"Readers get version {made.version}: {what}.", f"Held: automation and `mesh run` leave it {until}."]
    if done.holders:
        lines.append(f"Later versions that hold rows of it: {', '.join(map(str, done.holders))}.")
    return lines
