"""The one switch of automation: schedules, sensors and refreshes read it at every tick.

It is a file in the mesh home, so that every process that serves this home sees it at once. The environment variable
`BANKMESH_AUTOMATION=off` takes precedence: a process that has it never starts a run by itself, whatever the file holds.
"""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bankmesh.settings import AUTOMATION, BadSwitch, is_automation_off
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

FILE = "automation.json"


@dataclass(frozen=True)
class AutomationSwitch:
    """Whether automation is on, since when (ISO 8601, UTC), by whom, and whether the environment sets it."""

    on: bool
    since: str | None = None
    by: str | None = None
    by_environment: bool = False

    def __str__(self) -> str:
        """Return it as people read it: `automation is off since 2026-01-01T10:00:00+00:00, by ada`."""
        if self.by_environment:
            return f"automation is {self.word}: the environment sets {AUTOMATION}={self.word}"
        since = f" since {self.since}" if self.since else ""
        return f"automation is {self.word}{since}{f', by {self.by}' if self.by else ''}"

    @property
    def word(self) -> str:
        """`on` or `off`."""
        return "on" if self.on else "off"


def read_switch(home: Path) -> AutomationSwitch:
    """Return the state of the switch; on if it was never set. Raises BadSwitch."""
    if is_automation_off():
        return AutomationSwitch(on=False, by_environment=True)
    file = home / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return AutomationSwitch(on=True)
    try:
        state = json.loads(text)
        return AutomationSwitch(on=bool(state["on"]), since=state.get("since"), by=state.get("by"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSwitch(str(file), text[:60]) from error


def turn(home: Path, now: dt.datetime, *, on: bool) -> AutomationSwitch:
    """Turn automation on or off for every process that serves this home; `now` has a time zone."""
    home.mkdir(parents=True, exist_ok=True)
    switch = AutomationSwitch(on=on, since=now.isoformat(timespec="seconds"), by=_user())
    state = {name: value for name, value in asdict(switch).items() if name != "by_environment"}
    write_atomically(home / FILE, f"{json.dumps(state)}\n", is_shared=True)
    return read_switch(home)


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return None
