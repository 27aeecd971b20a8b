"""Everything that expires in a mesh home, for `mesh expire` and for the daily jobs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from bankmesh.contracts.model import Status
from bankmesh.errors import BankmeshError
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.orchestration.retention.event_expiry import expire_events, expire_replaced
from bankmesh.orchestration.retention.reader_positions import alert_positions, reader_positions, unfinished_runs
from bankmesh.ports import expire, expire_confirmations, port_at
from bankmesh.ports.port_archive import archive_port
from bankmesh.ports.port_locks import locked_unless_held
from bankmesh.products.version_diffs.spill_folders import remove_abandoned_spill_folders
from bankmesh.settings import EVENTS_DAYS, LINEAGE_DAYS, has_lineage_receiver, lineage_database
from bankmesh.sources import ExpiredLandings, expire_landings, expire_rejects
from bankmesh.storage.databases import database_exists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import dagster as dg

    from bankmesh.contracts.model import Contract
    from bankmesh.settings import Settings

LOCK = ".expiry.lock"
"""Lock file in the home, held by the process that expires events."""


@dataclass(frozen=True)
class RetentionPeriods:
    """How long each kind is kept once it is superseded; `events` None means the setting."""

    candidates: timedelta = timedelta(days=7)
    rejects: timedelta = timedelta(days=30)
    confirmations: timedelta = timedelta(days=90)
    events: timedelta | None = None


Part = tuple[str, "Callable[[], Facts]"]
"""What expires, and the function that removes it; call them in order."""
Facts = dict[str, object] | int | None
"""What was removed, as JSON; None where another process removes it, or there is nothing yet."""


def expiry_parts(
    settings: Settings,
    contracts: Iterable[Contract],
    instance: dg.DagsterInstance | None,
    now: datetime,
    periods: RetentionPeriods | None = None,
) -> list[Part]:
    """Return the parts of expiry: the port of each contract, and what all domains share.

    Raises BadNumber. Each part is safe under a kill, and what it has left the next call removes.
    """
    kept, home = periods or RetentionPeriods(), settings.home
    events = timedelta(days=EVENTS_DAYS.read()) if kept.events is None else kept.events
    return [
        *((c.port, partial(_expire_port, settings, c, kept, now)) for c in contracts),
        ("landings", partial(_expire_landings, home)),
        ("rejects", lambda: len(expire_rejects(home, now - kept.rejects))),
        ("comparisons", partial(remove_abandoned_spill_folders, home)),
        ("lineage", partial(_expire_lineage, home, now)),
        ("events", partial(_expire_event_log, settings, instance, now - events)),
    ]


def expire_part(remove: Callable[[], Facts]) -> tuple[Facts, str | None]:
    """Return what one part has removed, and why it failed: a part that fails must not keep the others from expiring.

    Of other errors than Bankmesh's own only the class is given, because their texts may quote values.
    Raises OSError and OperationalError of a disk or database that every part needs.
    """
    try:
        return remove(), None
    except (OSError, OperationalError):
        raise
    except BankmeshError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - see above
        return None, f"it failed with {type(error).__name__}"


def expire_replaced_confirmations(settings: Settings, instance: dg.DagsterInstance, numbers: Sequence[int]) -> None:
    """Delete these events of confirmations, which later ones have replaced, unless another process expires events."""
    with locked_unless_held(settings.home / LOCK) as is_ours:
        if is_ours:
            expire_replaced(instance, numbers, alert_positions(settings))


def _expire_port(settings: Settings, contract: Contract, periods: RetentionPeriods, now: datetime) -> Facts:
    """Expire one port; the port of a retired product is moved to the archive, where nothing expires."""
    if contract.status is Status.RETIRED:
        archived = archive_port(settings.home, contract.product, contract.major, contract.text, "mesh expire")
        return {"archived": str(archived.port.path) if archived else None}
    level = contract.service_level("retention")
    port = port_at(settings.home, contract.product, contract.major)
    done = expire(
        port,
        keep_candidates=periods.candidates,
        retention=timedelta(seconds=level.seconds) if level and level.seconds else None,
        now=now,
    )
    return asdict(done) | {"confirmations": expire_confirmations(port, now - periods.confirmations)}


def _expire_landings(home: Path) -> Facts:
    stores = sorted(path for path in (home / "landings").glob("*/*/*") if path.is_dir())
    return asdict(sum((expire_landings(store) for store in stores), ExpiredLandings()))


def _expire_lineage(home: Path, now: datetime) -> Facts:
    """Delete events that are older than their retention and sent, or that have no receiver."""
    if not database_exists(lineage_database(home)):
        return 0
    with EventOutbox(lineage_database(home)) as outbox:
        return outbox.delete_before(now - timedelta(days=LINEAGE_DAYS.read()), unsent=not has_lineage_receiver())


def _expire_event_log(settings: Settings, instance: dg.DagsterInstance | None, before: datetime) -> Facts:
    if instance is None:
        return None
    settings.home.mkdir(parents=True, exist_ok=True)
    with locked_unless_held(settings.home / LOCK) as is_ours:
        if not is_ours:
            return None
        readers, unfinished = reader_positions(settings), unfinished_runs(settings.home)
        return expire_events(instance, before, readers, unfinished).to_json()
