"""The access database on a PostgreSQL server."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa
from audit_samples import decision, published
from child_processes import start_child, wait_for_child
from postgres_servers import start_postgres

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.chain_file import chain_files
from bankmesh.access.audit.chain_verification import Tampering
from bankmesh.access.audit.log_verification import verify_log
from bankmesh.storage.databases import open_database

pytestmark = pytest.mark.slow


@pytest.fixture
def database(tmp_path, monkeypatch):
    server = start_postgres(tmp_path / "postgres")
    url = server.get_uri()
    monkeypatch.setenv("BANKMESH_ACCESS_DB", url)
    yield url
    close_chains()
    server.cleanup()


def test_chains_of_several_processes_are_registered_anchored_and_verified(tmp_path, database):
    home = tmp_path / "home"
    opened = published(home)

    def read():
        AuditLog(home).recorder_for(decision(), opened).begin(["id"], "scan").end(1, cancelled=False)

    def work():
        for _ in range(20):
            read()
            time.sleep(0.1)
        close_chains()

    children = [start_child(work) for _ in range(4)]
    assert [wait_for_child(child) for child in children] == [0] * 4
    report = verify_log(home)
    assert report.is_intact
    assert [(chain.records, chain.unanchored) for chain in report.chains] == [(42, 0)] * 4
    assert not (home / "access.db").exists()

    first, second, *_ = chain_files(home)
    engine = open_database(database, lambda _: None)
    with engine.begin() as connection:
        assert connection.scalar(sa.text("select count(*) from bankmesh_access_anchor")) > 4
        forged = sa.text("update bankmesh_access_anchor set sequence = sequence - 1 where chain = :chain")
        connection.execute(forged, {"chain": second.stem})
    engine.dispose()
    first.unlink()
    kinds = {fault.kind for chain in verify_log(home).chains for fault in chain.faults}
    assert kinds == {Tampering.MISSING, Tampering.FORGED}
