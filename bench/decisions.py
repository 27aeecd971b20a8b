"""Benchmark of decisions about reads: loading the policies of this workspace, and deciding for all of its readers.

    python -m bench.decisions

Prints milliseconds of CPU: the policies loaded for the first time and again, and a decision for each role, each
purpose that it holds and each port, made for the first time (cold) and again (cached).
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.access.decisions.access_policy import load_access_policy
from bankmesh.access.decisions.decision_engine import decide
from bankmesh.access.policies.probe_readers import list_role_probes
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]


def measure(act: Callable[[], object]) -> float:
    """Return the milliseconds of CPU of one call."""
    begun = time.process_time()
    act()
    return (time.process_time() - begun) * 1000


def main() -> None:
    """Measure and print."""
    contracts = workspace_contracts(ROOT)
    loads = [measure(lambda: load_access_policy(ROOT, contracts)) for _ in range(20)]
    print(f"load of the policies: {loads[0]:.1f} ms, again {statistics.median(loads[1:]):.1f} ms")
    policy = load_access_policy(ROOT, contracts)
    probes = list(list_role_probes(policy))
    for title in ("cold", "cached"):
        took: dict[bool, list[float]] = {True: [], False: []}
        for probe in probes:
            milliseconds = measure(lambda probe=probe: decide(policy, probe.principal, probe.port, probe.purpose))
            took[decide(policy, probe.principal, probe.port, probe.purpose).is_refused].append(milliseconds)
        for is_refused, found in took.items():
            kind = "refusals" if is_refused else "permits"
            middle = statistics.median(found)
            print(f"{len(found)} {kind}, {title}: median {middle:.3f} ms, from {min(found):.3f} to {max(found):.3f}")


if __name__ == "__main__":
    main()
