"""Storage of landings: one folder for each fingerprint, and a pointer to the current one.

`<home>/landings/<domain>/<system>/<object>/` holds `current.json` and a folder for each fingerprint. The pointer names
the current fingerprint, with the figures that the next landing is compared with, and is replaced atomically. The folder
`<fingerprint>/` has rows.parquet, rejects.parquet and landing.json, and is created atomically. Many files land in
parts, each with its own Parquet files; unchanged parts are hard links to those of the landing before. An expired
landing keeps only landing.json.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import uuid
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bankmesh.errors import HistoryLost, LegacyFileError, NoLongerDelivered, NotDelivered
from bankmesh.ports.port_locks import FolderLock
from bankmesh.sources.export_files import (
    Delivery,
    control_path,
    file_sha256,
    fingerprint_of,
    matched_files,
    name_of,
    read_delivery,
)
from bankmesh.sources.landing_history import LandingComparison, LandingFigures, carried_over, figures_of, find_losses
from bankmesh.sources.landing_parts import EarlierPart, earlier_parts
from bankmesh.sources.landing_record import RECORD, Landing, write_json
from bankmesh.sources.object_landing import land

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.shrink_tolerance import AcceptedShrink
    from bankmesh.sources.declarations.source_declaration import LegacyObject

POINTER, ATTEMPT = "current.json", "attempt.json"
"""The current landing, and the landing that the last attempt made or found, acceptable or not.

If a file was refused as a whole, the attempt has the `refusal` and no landing.
"""

UNFINISHED = ".incoming-"
_ABANDONED_AFTER = dt.timedelta(days=1)


def land_object(obj: LegacyObject, exports: Path, home: Path, domain: str) -> Landing:
    """Prepare a landing and, if it is acceptable, make it the current one.

    Callers check `Landing.acceptable` of the result: an unacceptable landing is kept for its rejects, while readers
    keep the one before. Raises LegacyFileError, and HistoryLost for a landing that falls behind the one before.
    """
    landing, comparison = land_compared(obj, exports, home, domain)
    if landing.acceptable and not comparison.is_kept:
        raise HistoryLost(f"{obj.system}.{obj.name}", comparison.losses)
    return landing


def land_compared(
    obj: LegacyObject, exports: Path, home: Path, domain: str, accepted: AcceptedShrink | None = None
) -> tuple[Landing, LandingComparison]:
    """Prepare a landing, compare it with the last accepted one, and make it current if it passes both checks.

    `accepted` is a person's decision that its losses are correct. Raises LegacyFileError, and NoLongerDelivered for an
    optional object that was delivered before and is missing now.
    """
    store = landing_folder(home, domain, obj.system, obj.name)
    before = _accepted_figures(obj, store)
    if accepted is None and obj.optional and before and before.files and not matched_files(obj, exports):
        raise NoLongerDelivered(f"{obj.system}.{obj.name}", exports / obj.folder, before.rows)
    # A landing of the same files may exist already; expiry must not remove its rows before it is current.
    with FolderLock(store) if store.is_dir() else nullcontext():
        landing = prepare(obj, exports, home, domain)
        after = figures_of(obj, landing)
        losses = find_losses(obj, before, after) if before is not None else ()
        comparison = LandingComparison(before, after, losses, accepted if losses else None)
        if landing.acceptable and comparison.is_kept:
            accept(landing, comparison)
    return landing, comparison


def prepare(obj: LegacyObject, exports: Path, home: Path, domain: str) -> Landing:
    """Land the object's files as they are now, without making the landing current.

    A complete landing with the same fingerprint is returned unchanged. Raises LegacyFileError, also if a file changes
    while it is read.
    """
    store = landing_folder(home, domain, obj.system, obj.name)
    try:
        landing = _find_or_make(obj, exports, home, domain)
    except NotDelivered:
        raise
    except LegacyFileError as error:
        store.mkdir(parents=True, exist_ok=True)
        _record_attempt(store, "", str(error))
        raise
    _record_attempt(store, landing.fingerprint)
    return landing


def _record_attempt(store: Path, fingerprint: str, refusal: str | None = None) -> None:
    attempt = {"fingerprint": fingerprint, "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    write_json(store / ATTEMPT, attempt if refusal is None else attempt | {"refusal": refusal})


def _find_or_make(obj: LegacyObject, exports: Path, home: Path, domain: str) -> Landing:
    delivery = read_delivery(obj, exports)
    mark = delivery.fingerprint(obj)
    store = landing_folder(home, domain, obj.system, obj.name)
    existing = _whole(store / mark)
    if existing is not None:
        return existing
    store.mkdir(parents=True, exist_ok=True)
    clear_abandoned(store)
    incoming = store / f"{UNFINISHED}{uuid.uuid4().hex}"
    incoming.mkdir()
    try:
        earlier = _reusable_parts(obj, store, mark)
        made = land(obj, exports, incoming, domain=domain, delivery=delivery, earlier=earlier)
        landing = replace(made, fingerprint=mark)
        _check_unchanged(obj, exports, delivery, landing)
        landing.write()
        return _move(landing, store / mark)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _reusable_parts(obj: LegacyObject, store: Path, mark: str) -> list[EarlierPart]:
    """Return the parts, made with the same declaration, of landings with rows and of what is left of this one."""
    pointer = read_pointer(store)
    names = (mark, pointer.get("fingerprint"), read_attempt(store), pointer.get("before"))
    found: list[EarlierPart] = []
    for name in dict.fromkeys(name for name in names if name):
        try:
            landing = Landing.read(store / name)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if landing.digest == obj.digest:
            found += earlier_parts(landing)
    return found


def accept(landing: Landing, comparison: LandingComparison | None = None) -> None:
    """Make a prepared landing the current one of its object, with any rejects: the caller decides.

    Its figures become those that the next landing is compared with. Raises LegacyFileError if its rows and rejects do
    not add up to the records of its files.
    """
    if not landing.balanced:
        problem = f"{landing.rows_in} records gave {landing.rows} rows and {landing.rejects} rejects"
        raise LegacyFileError(landing.folder, problem, "every record to be a row or a reject")
    store = landing.folder.parent
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    old = read_pointer(store)
    pointer: dict[str, Any] = {"fingerprint": landing.fingerprint, "accepted_at": now}
    before = old.get("before") if old.get("fingerprint") == landing.fingerprint else old.get("fingerprint")
    if before:
        pointer["before"] = before
    if comparison is not None:
        pointer["figures"] = carried_over(comparison.before, comparison.after).to_json()
    # People's decisions are kept permanently; the pointer is replaced with each landing.
    if decisions := old.get("accepted_losses", []) + _decision(landing, comparison, now):
        pointer["accepted_losses"] = decisions
    write_json(store / POINTER, pointer)


def _decision(landing: Landing, comparison: LandingComparison | None, now: str) -> list[dict[str, Any]]:
    if comparison is None or comparison.accepted is None:
        return []
    decision = {"fingerprint": landing.fingerprint, "at": now, "losses": list(comparison.losses)}
    return [decision | comparison.accepted.to_json()]


def _accepted_figures(obj: LegacyObject, store: Path) -> LandingFigures | None:
    """Return the figures of the last accepted landing; None if there is none, or if it can no longer be read."""
    pointer = read_pointer(store)
    if not pointer:
        return None
    kept = LandingFigures.from_json(pointer["figures"]) if "figures" in pointer else None
    lacking = obj.key if kept is None else [name for name in obj.key if name not in kept.keys]
    if kept is not None and not lacking:
        return kept
    landing = _whole(store / pointer["fingerprint"])
    if landing is None:
        return kept
    own = figures_of(obj, landing, lacking)
    return own if kept is None else replace(kept, keys={**own.keys, **kept.keys})


def read_pointer(store: Path) -> dict[str, Any]:
    """Return `current.json`: the current fingerprint, that of the landing before (`before`), figures, decisions."""
    try:
        pointer: dict[str, Any] = json.loads((store / POINTER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return pointer


def read_attempt(store: Path) -> str | None:
    """Return the fingerprint of the last attempt; None if there was none, or none recorded, as in earlier releases."""
    try:
        fingerprint: str = json.loads((store / ATTEMPT).read_text(encoding="utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return fingerprint


@dataclass(frozen=True)
class Refusal:
    """A delivery that was refused as a whole: when, and the message, which holds no value of a file."""

    at: dt.datetime
    message: str


def latest_refusal(home: Path, domain: str, system: str, name: str) -> Refusal | None:
    """Return why the last attempt made no landing; None if it made one, or if there was none."""
    try:
        attempt = json.loads((landing_folder(home, domain, system, name) / ATTEMPT).read_text(encoding="utf-8"))
        return Refusal(dt.datetime.fromisoformat(attempt["at"]), attempt["refusal"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def latest_attempt(home: Path, domain: str, system: str, name: str) -> Landing | None:
    """Return the landing of the last attempt, refused or not; None if there was none.

    If the attempt made none, or none is recorded, as in earlier releases, returns the newest landing.
    """
    store = landing_folder(home, domain, system, name)
    try:
        return Landing.read(store / (read_attempt(store) or ""))
    except (OSError, ValueError, KeyError, TypeError):
        found = [landing for path in store.glob(f"*/{RECORD}") if (landing := _whole(path.parent))]
        return max(found, key=lambda landing: landing.landed_at, default=None)


def current_landing(home: Path, domain: str, system: str, name: str) -> Landing | None:
    """Return the current landing of an object; None if none has been accepted."""
    store = landing_folder(home, domain, system, name)
    pointer = read_pointer(store)
    return Landing.read(store / pointer["fingerprint"]) if pointer else None


def expire_rejects(home: Path, older_than: dt.datetime) -> tuple[Path, ...]:
    """Delete the rejects of all landings made before `older_than` (with time zone); return the deleted files.

    Rows and landing.json are kept. Applies to current landings too. An unreadable landing.json counts as old.
    """
    expired = []
    for path in sorted((home / "landings").glob("*/*/*/*/rejects*.parquet")):
        try:
            landed_at = Landing.read(path.parent).landed_at
        except (OSError, ValueError, KeyError, TypeError):
            landed_at = dt.datetime.min.replace(tzinfo=dt.UTC)
        if landed_at < older_than:
            path.unlink(missing_ok=True)
            expired.append(path)
    return tuple(expired)


def landing_folder(home: Path, domain: str, system: str, name: str) -> Path:
    """Return the folder of all landings of an object."""
    return home / "landings" / domain / system / name


def is_whole(landing: Landing) -> bool:
    """Whether all rows of a landing can still be read."""
    return _whole(landing.folder) is not None


def _whole(folder: Path) -> Landing | None:
    from pyarrow import ArrowException, parquet

    try:
        landing = Landing.read(folder)
        rows = sum(parquet.read_metadata(path).num_rows for path in landing.rows_paths)
    except (OSError, ValueError, KeyError, TypeError, ArrowException):
        return None
    return landing if rows == landing.rows and landing.fingerprint == folder.name else None


def _check_unchanged(obj: LegacyObject, exports: Path, delivery: Delivery, landing: Landing) -> None:
    files = [(file.name, file.sha256) for file in landing.files]
    control = control_path(obj, exports)
    if files and control is not None:
        files.append((name_of(control, obj, exports), file_sha256(control)))
    if fingerprint_of(obj, files) != landing.fingerprint or any(file.has_changed() for file in delivery.files):
        folder = exports / obj.folder
        raise LegacyFileError(folder, f"files of {obj.name} changed while they were read", "a finished export")


def _move(landing: Landing, target: Path) -> Landing:
    if target.exists():
        # Either the damaged remains of this landing, or the landing of a faster process.
        existing = _whole(target)
        if existing is not None:
            return existing
        target.rename(landing.folder.with_name(f"{UNFINISHED}{uuid.uuid4().hex}"))
    try:
        landing.folder.rename(target)
    except OSError:
        existing = _whole(target)
        if existing is None:
            raise
        return existing
    return replace(landing, folder=target)


def clear_abandoned(store: Path) -> None:
    """Remove the remains of killed processes; a running landing is younger than the limit."""
    before = (dt.datetime.now(dt.UTC) - _ABANDONED_AFTER).timestamp()
    for folder in store.glob(f"{UNFINISHED}*"):
        record = folder / RECORD
        if (record if record.exists() else folder).stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)
