"""How often sensors look, and how long they wait: read from the environment when a code location is loaded.

| variable | meaning | default |
| --- | --- | --- |
| `BANKMESH_SENSOR_SECONDS` | seconds between two ticks of a sensor | 30 |
| `BANKMESH_QUIET_SECONDS` | a legacy file is taken once it has not changed for so many seconds | 30 |
| `BANKMESH_PATIENCE_SECONDS` | a product waits so long for an input that has yet to follow a change | 900 |
"""

from __future__ import annotations

import os

from bankmesh.errors import BankmeshError

SENSOR_SECONDS = "BANKMESH_SENSOR_SECONDS"
QUIET_SECONDS = "BANKMESH_QUIET_SECONDS"
_DEFAULT = 30
# Nobody waits for lineage or the catalog, and each look costs a code server some milliseconds.
_FOLLOWING = 10


class BadPace(BankmeshError):
    """A variable that is a number of seconds says something else."""

    def __init__(self, variable: str, value: str) -> None:
        self.variable, self.value = variable, value
        super().__init__(f"{variable}={value!r} is no number of seconds; write a whole number such as {_DEFAULT}.")


def sensor_seconds() -> int:
    """Seconds between two ticks of a sensor, at least one. Raises BadPace."""
    return max(1, _seconds(SENSOR_SECONDS))


def follower_seconds() -> int:
    """Seconds between two ticks of a sensor that tells others what has happened, and starts nothing. Raises BadPace."""
    return max(_FOLLOWING, sensor_seconds())


def quiet_seconds() -> int:
    """Seconds for which a file must not have changed. Raises BadPace."""
    return _seconds(QUIET_SECONDS)


def _seconds(variable: str) -> int:
    value = os.environ.get(variable, str(_DEFAULT))
    if not (value.isascii() and value.isdigit()):
        raise BadPace(variable, value)
    return int(value)
