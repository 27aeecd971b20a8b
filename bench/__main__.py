"""`make bench`: measure, write bench/results.json and bench/RESULTS.md.

python -m bench --scales 1 10 --repeats 2 1     millions of bookings, and the repetitions of each
python -m bench --quick                         the contenders on fifty thousand bookings, once; writes nothing here
python -m bench --render                        write RESULTS.md again from results.json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import catalog, contest, machine, monthly, report, sameness, sizes
from bench.places import ROOT, World, forget

RESULTS = ROOT / "bench/results.json"
QUICK = 0.05
LOADS = 5
GATE_ROWS = 10_000_000


def measure(arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Return all requested measurements as one JSON document."""
    repeats = list(arguments.repeats) + [arguments.repeats[-1]] * len(arguments.scales)
    found: dict[str, Any] = {"machine": machine.describe(), "worlds": [], "sizes": sizes.sizes()}
    for millions, times in zip(arguments.scales, repeats, strict=False):
        world = World(work, millions)
        say(f"{millions:g} M: generating")
        world.generate()
        made: dict[str, Any] = {"millions": millions, "export_mib": machine.megabytes(world.exports)}
        made["runs"] = contest.run_world(world, times, say)
        made["same"] = sameness.compare(world)
        found["worlds"].append(made)
        if not arguments.quick:
            made["month"] = contest.month(world)
            say(f"{millions:g} M, month: {made['month']['cost']}")
            made["new_month"] = monthly.new_month(world, times)
            say(f"{millions:g} M, a new month: { {k: v[-1]['cost'] for k, v in made['new_month'].items()} }")
        if not arguments.quick and millions == arguments.scales[0]:
            found["load"] = contest.load_times(world, LOADS)
        if not arguments.keep:
            forget(world.folder)
    if not arguments.quick:
        say("gate alone")
        found["gate"] = contest.gate_alone(GATE_ROWS, LOADS)
        say("catalog alone")
        found["catalog"] = catalog.alone()
    found["machine"]["load_average_after"] = os.getloadavg()
    return found


def say(text: str) -> None:
    """Print progress to standard error."""
    print(text, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    """Parse the command line; `--quick` sets the other options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scales", type=float, nargs="+", default=[1.0, 10.0], help="millions of bookings")
    parser.add_argument("--repeats", type=int, nargs="+", default=[2, 2], help="repetitions, for each scale")
    parser.add_argument("--work", type=Path, help="working folder; a temporary folder if left out")
    parser.add_argument("--keep", action="store_true", help="keep exports, homes and logs in --work")
    parser.add_argument("--out", type=Path, default=RESULTS, help="results.json; RESULTS.md goes into its folder")
    parser.add_argument("--quick", action="store_true", help="a smoke run; without --out the results are not kept")
    parser.add_argument("--render", action="store_true", help="only write RESULTS.md again")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.scales, arguments.repeats = [QUICK], [1]
    return arguments


def main() -> None:
    arguments = parse()
    if arguments.render:
        report.write(json.loads(arguments.out.read_text(encoding="utf-8")), arguments.out)
        return
    with tempfile.TemporaryDirectory(prefix="bench-mesh-") as temporary:
        found = measure(arguments, arguments.work or Path(temporary))
    if arguments.quick and arguments.out == RESULTS:
        print(report.render(found, ()))
        return
    arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    report.write(found, arguments.out)


if __name__ == "__main__":
    main()
