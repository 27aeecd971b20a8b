"""The entry point of `mesh`: installs signal handlers before it imports anything large."""

from __future__ import annotations

from bankmesh.cli.interruption import Interruption
from bankmesh.garbage_collection import collect_rarely


def main() -> None:
    """Run the command of `sys.argv`; it ends with SystemExit, also after Ctrl-C and SIGTERM."""
    collect_rarely()
    with Interruption() as interruption:
        from bankmesh.cli.application import app, report_error

        interruption.is_importing = False
        try:
            try:
                app()
            except BaseException as error:  # noqa: BLE001 - `report_error` raises it again
                # Other libraries turn an interruption into errors of their own, such as a failed query.
                if interruption.signal is not None or isinstance(error, KeyboardInterrupt):
                    interruption.exit()
                report_error(error)
        except KeyboardInterrupt:
            # Polars raises KeyboardInterrupt itself, and the handler raises another while that one is handled.
            interruption.exit()


if __name__ == "__main__":
    main()
