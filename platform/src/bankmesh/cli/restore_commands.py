"""`mesh withdraw`, `mesh rollback` and `mesh resume`: withdraw bad versions, and hold and resume their product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.lifecycle_commands import Product
from bankmesh.cli.output import JsonOption, console, count, print_json
from bankmesh.orchestration.instance import existing_instance
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

Reason = Annotated[str, typer.Option(help="The reason, which is recorded and sent to owners of consuming products.")]
By = Annotated[str | None, typer.Option(help="Who decided; by default git's user.name or the login name.")]


def withdraw(
    product: Product,
    version: Annotated[int, typer.Option(help="The version to withdraw.")],
    reason: Reason,
    by: By = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a version: readers get the rows from before it, except those that were replaced since."""
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
    to: Annotated[int, typer.Option("--to", help="The earlier version to restore.")],
    reason: Reason,
    by: By = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Publish the rows of an earlier version again and withdraw all versions after it."""
    settings = current_settings()
    contract, port = _product(settings, product)
    who, why = by or person(settings.root), one_line(reason)
    _restore(settings, contract, lambda: roll_back(port, to, by=who, reason=why), as_json=as_json)


def resume(
    product: Product,
    reason: Annotated[str, typer.Option(help="The reason, which is recorded.")] = "resumed",
    by: By = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Allow builds of a product that is held after a withdrawal, although its code has not changed."""
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
    """Return the text with each run of white space replaced by one space."""
    return " ".join(text.split())


def _restore(settings: Settings, contract: Contract, commit: Callable[[], RestoreResult], *, as_json: bool) -> None:
    """Commit the decision, report it to Dagster, and print the result. Only the notifications can be interrupted."""
    from bankmesh.orchestration.history.logged_versions import report_version

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
    """Notify owners of the product and of consuming products; after a failure, the domain's sensor does that."""
    from bankmesh.alerts.withdrawal_announcements import announce_withdrawals

    try:
        report = announce_withdrawals(settings, [contract])
    except Exception as error:  # noqa: BLE001 - the version is withdrawn; the sensor sends the notices later
        _warn(f"No notice was sent ({type(error).__name__}); the sensor {contract.domain}_lineage will send them.")
        return []
    for failure in report.failures:
        _warn(f"A notice was not delivered; it will be sent again: {failure}")
    return report.notices


def _notice_facts(notice: WithdrawalNotice) -> dict[str, object]:
    return {"owner": notice.owner, "text": notice.body, "routes": list(notice.routes)}


def _notice_line(notice: WithdrawalNotice) -> str:
    what = notice.body.splitlines()[2]
    if not notice.routes:
        return f"There is no route to {notice.owner}; notify this team yourself: {what}"
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
        lines.append("The version that readers get has no rows of it, so their rows do not change.")
    else:
        partitions = made.provenance.partitions
        where = f" in {len(partitions)} partitions" if partitions else ""
        since = f"fresh since {made.fresh_since:%Y-%m-%d %H:%M} UTC"
        what = f"the rows of version {decision.restored}{where}, {count(made.rows)} rows in all, {since}"
        until = f"until its code or contract changes, or `mesh resume {contract.port}`"
        lines += [f"Readers get version {made.version}: {what}.", f"Held: automation and `mesh run` skip it {until}."]
    if done.holders:
        lines.append(f"Later versions that contain rows of it: {', '.join(map(str, done.holders))}.")
    return lines
