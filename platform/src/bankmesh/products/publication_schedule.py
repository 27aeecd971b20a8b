"""The publication schedule of a contract: the cron expression of its service level `frequency`, in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.products.cron_description import describe_times

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract

DEFAULT_TIMEZONE = "UTC"


@dataclass(frozen=True, order=True)
class PublicationSchedule:
    """A cron expression in a time zone."""

    cron: str
    timezone: str

    @property
    def in_words(self) -> str:
        """The times as people say them: `Every day at 06:00 and 18:00 UTC`."""
        return f"{describe_times(self.cron)} {self.timezone}"

    @property
    def slug(self) -> str:
        """The schedule as part of a name: `0_6_x_x_x`, followed by the time zone unless that is UTC."""
        zone = "" if self.timezone == DEFAULT_TIMEZONE else f"_{self.timezone}"
        return re.sub(r"[^A-Za-z0-9_]+", "_", f"{self.cron.replace('*', 'x')}{zone}").strip("_").lower()


def schedule_of(contract: Contract) -> PublicationSchedule | None:
    """Return the schedule on which the contract promises to publish its product; None if it promises none."""
    level = contract.service_level("frequency")
    if level is None or level.schedule is None:
        return None
    return PublicationSchedule(
        " ".join(level.schedule.split()), str(contract.custom.get("scheduleTimezone", DEFAULT_TIMEZONE))
    )
