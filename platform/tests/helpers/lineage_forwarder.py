"""A forwarder that dies at a named point. Run as a program by the kill tests.

    python lineage_forwarder.py DATABASE URL POINT HITS

It kills itself when POINT is reached for the HITS-th time.
"""

from __future__ import annotations

import os
import signal
import sys

from bankmesh import fault_points
from bankmesh.lineage.openlineage.event_forwarder import forward
from bankmesh.lineage.openlineage.event_outbox import EventOutbox

POINTS = ("lineage-attempted", "lineage-sent")


def main(database: str, url: str, point: str, hits: str) -> None:
    os.environ["OPENLINEAGE_URL"] = url
    seen: list[str] = []

    def watch(name: str) -> None:
        seen.append(name)
        if name == point and seen.count(point) == int(hits):
            os.kill(os.getpid(), signal.SIGKILL)

    fault_points.watch(watch)
    with EventOutbox(database) as outbox:
        forward(outbox, 60)


if __name__ == "__main__":
    main(*sys.argv[1:])
