"""A profile as a Markdown table for the asset page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.products.profiles.profile_model import FEWEST

if TYPE_CHECKING:
    from bankmesh.products.profiles.profile_model import ProfiledColumn, ValueGroup, VersionProfile

_SHOWN_VALUES = 5
_WIDEST = 40
_BARS = "▁▂▃▄▅▆▇█"


def profile_table(profile: VersionProfile) -> str:
    """Return a Markdown table with a row for each column."""
    lines = ["| column | nulls | distinct | values |", "| --- | ---: | ---: | --- |"]
    for column in profile.columns:
        cells = (column.name, describe_nulls(column, profile.rows), describe_distinct(column), describe_groups(column))
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join([*lines, "", f"*{describe_rows(profile)}*"])


def describe_rows(profile: VersionProfile) -> str:
    """Return which rows the profile is about."""
    withheld = f"values and ranges of fewer than {FEWEST} rows or subjects are merged with others"
    if profile.counted == profile.rows:
        return f"{profile.rows:,} rows; {withheld}."
    return f"{profile.rows:,} rows; values of a sample of {profile.counted:,}; {withheld}."


def describe_nulls(column: ProfiledColumn, rows: int) -> str:
    """Return the count of nulls and its share of the rows."""
    if column.nulls is None:
        return "withheld"
    share = f" ({column.nulls / rows:.1%})" if column.nulls else ""
    return f"{column.nulls:,}{share}"


def describe_distinct(column: ProfiledColumn) -> str:
    """Return the count of distinct values."""
    return "withheld" if column.distinct is None else f"{column.distinct:,}"


def describe_groups(column: ProfiledColumn) -> str:
    """Return frequent values with their rows, or the ends of the histogram and its shape; else why there is none."""
    if column.kind == "ranges":
        return describe_ranges(column.groups)
    if column.kind == "values":
        named = [group for group in column.groups if group.start is not None]
        shown = ", ".join(f"{shorten(str(group))} {group.rows:,}" for group in named[:_SHOWN_VALUES])
        others = sum(group.rows for group in column.groups) - sum(group.rows for group in named[:_SHOWN_VALUES])
        return f"{shown}, others {others:,}" if others else shown
    return f"none: {column.why}"


def describe_ranges(groups: tuple[ValueGroup, ...]) -> str:
    """Return the ends of a histogram and a bar for each range; heights are rows, and ranges may differ in width."""
    if len(groups) == 1:
        return "one range"
    most = max(group.rows for group in groups)
    bars = "".join(_BARS[(len(_BARS) - 1) * group.rows // most] for group in groups)
    return f"{groups[0]}, {groups[-1]}  {bars}"


def shorten(text: str) -> str:
    """Return a text of at most forty characters."""
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
