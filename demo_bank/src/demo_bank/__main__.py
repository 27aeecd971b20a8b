"""The command: `python -m demo_bank --scale 0.05 --seed 1 --out DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from demo_bank.export import UnusableSettingError, generate

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, write the exports, and print a summary."""
    parser = argparse.ArgumentParser(prog="demo_bank", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the exports into")
    parser.add_argument(
        "--scale", type=float, default=0.05, help="1 is 4,500 accounts, about 1.06 M bookings"
    )
    parser.add_argument("--seed", type=int, default=1, help="same seed and scale, same bytes")
    parser.add_argument("--quiet", action="store_true", help="print no progress")
    options = parser.parse_args(arguments)

    def say(message: str) -> None:
        print(message, file=sys.stderr)

    try:
        summary = generate(
            options.out,
            scale=options.scale,
            seed=options.seed,
            progress=None if options.quiet else say,
        )
    except UnusableSettingError as error:
        parser.error(str(error))
    print(f"{summary.folder}: {', '.join(f'{name} {rows:,}' for name, rows in summary.rows.items())}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
