"""Cron expressions in words."""

import pytest

from bankmesh.products.cron_description import describe_times
from bankmesh.products.publication_schedule import PublicationSchedule


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 6,18 * * *", "Every day at 06:00 and 18:00"),
        ("30 5 * * *", "Every day at 05:30"),
        ("0,30 6 * * mon-fri", "Every Monday to Friday at 06:00 and 06:30"),
        ("0 6 * * 1,3,0", "Every Monday, Wednesday and Sunday at 06:00"),
        ("0 6 * * 7", "Every Sunday at 06:00"),
        ("0 6 1 * *", "On day 1 of every month at 06:00"),
        ("0 6 1,15 mar,9 *", "On days 1 and 15 of March and September at 06:00"),
        ("0 6 * 12 *", "Every day in December at 06:00"),
        ("15 * * * *", "Every day at minute 15 of every hour"),
        ("*/10 * * * *", "Every day every 10 minutes"),
        ("0 */2 * * *", "At the times of cron `0 */2 * * *` in"),
        ("0 6 1-7 * *", "At the times of cron `0 6 1-7 * *` in"),
        ("0 6 1 * mon", "At the times of cron `0 6 1 * mon` in"),
        ("0 0,1,2,3,4,5,6 * * *", "At the times of cron `0 0,1,2,3,4,5,6 * * *` in"),
        ("*/45 * * * *", "At the times of cron `*/45 * * * *` in"),
        ("* * * * *", "Every day every minute"),
        ("0 6 * * 6-7", "Every Saturday and Sunday at 06:00"),
        ("0-59/20 * * * *", "Every day every 20 minutes"),
        ("5,25,45 * * * *", "At the times of cron `5,25,45 * * * *` in"),
        ("0 6 * * 0-7", "Every day at 06:00"),
        ("0 6 * jan-mar Sat,Sun", "Every Saturday and Sunday in January to March at 06:00"),
        ("0 6 1-31/15 * *", "On days 1, 16 and 31 of every month at 06:00"),
        ("0 6 32 * *", "At the times of cron `0 6 32 * *` in"),
        ("@daily", "At the times of cron `@daily` in"),
    ],
)
def test_times(cron, words) -> None:
    assert describe_times(cron) == words


def test_the_time_zone_follows() -> None:
    assert PublicationSchedule("0 6 * * *", "UTC").in_words == "Every day at 06:00 UTC"
    assert PublicationSchedule("0 */2 * * *", "Europe/Prague").in_words.endswith("in Europe/Prague")
