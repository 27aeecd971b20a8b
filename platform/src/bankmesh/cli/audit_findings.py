"""Findings of `mesh doctor` about the audit log: its keys, and whether its chains are intact."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from bankmesh.cli.health_findings import fault, ok, warning
from bankmesh.errors import shorten_list
from bankmesh.settings import access_database
from bankmesh.storage.databases import database_exists

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.cli.health_findings import HealthFinding
    from bankmesh.settings import Settings

_MOST_BYTES = 32 * 2**20
"""Verifying so much takes a second; a larger log is left to `mesh audit verify`."""


def audit_findings(settings: Settings) -> Iterator[HealthFinding]:
    """Examine the keys of the home, and verify a log that is not large. Nothing is written."""
    from bankmesh.access.audit.chain_file import chain_files
    from bankmesh.access.signing_keys import key_folder

    yield from _key_findings(key_folder(settings.home))
    files, url = chain_files(settings.home), access_database(settings.home)
    # A server is not connected to for nothing: opening its database makes the tables.
    if not files and not (url.startswith("sqlite") and database_exists(url)):
        yield ok("audit log", "no read is recorded yet")
        return
    size = sum(file.stat().st_size for file in files)
    if size > _MOST_BYTES:
        yield ok("audit log", f"{size / 2**20:,.0f} MiB in {len(files):,} chains; `mesh audit verify` verifies it")
        return
    yield from _log_findings(settings.home)


def _key_findings(folder: Path) -> Iterator[HealthFinding]:
    private = [*folder.glob("*.pem"), *folder.glob("*.key")] if folder.is_dir() else []
    private = [file for file in private if not file.name.endswith(".pub.pem")]
    shown = [file for file in private if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    for file in shown:
        yield fault("keys", f"{file} can be read by other users", f"Run `chmod 600 {file}`.")
    if private and not shown:
        yield ok("keys", f"{len(private)} keys of tokens, receipts and audit, readable for their owner alone")


def _log_findings(home: Path) -> Iterator[HealthFinding]:
    from bankmesh.access.audit.log_verification import verify_log

    report = verify_log(home)
    broken = [chain.chain for chain in report.chains if chain.faults]
    remedy = "`mesh audit verify` shows each fault. Keep a copy of the folder as it is."
    if not report.has_database:
        yield fault("audit log", "the access database is gone, so removed chains would not be noticed", remedy)
    elif broken:
        yield fault("audit log", f"it was changed: {shorten_list(broken, most=3)}", remedy)
    else:
        yield ok("audit log", f"intact; chains: {len(report.chains):,}")
    if report.interrupted:
        listed = shorten_list((read.position for read in report.interrupted), most=3)
        message = f"reads whose process was killed: {listed}"
        yield warning("audit log", message, "They may have got rows; `mesh audit verify` names their readers.")
