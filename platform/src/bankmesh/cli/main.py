"""The entry point of `mesh`: installs signal handlers before it imports anything large."""

from __future__ import annotations

import os
import sys

from bankmesh.cli.interruption import Interruption
from bankmesh.cli.standard_streams import discard_output, prepare_streams
from bankmesh.garbage_collection import collect_rarely

COMPLETION = "_MESH_COMPLETE"
"""The shell's scripts set it to call `mesh` for completions of the words typed so far."""


def main() -> None:
    """Run the command of `sys.argv`; it ends with SystemExit, also after Ctrl-C and SIGTERM."""
    collect_rarely()
    if COMPLETION in os.environ:
        from bankmesh.cli.name_completion import complete_words

        complete_words()
        return
    prepare_streams()
    with Interruption() as interruption:
        from bankmesh.cli.application import application_for, report_error

        app = application_for(sys.argv[1:])
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
        finally:
            _flush_output()


def _flush_output() -> None:
    """Write what is left; a reader that has ended, such as `head -1`, is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        from bankmesh.cli.application import report_error

        report_error(error)
    except ValueError:  # it is closed
        return


if __name__ == "__main__":
    main()
