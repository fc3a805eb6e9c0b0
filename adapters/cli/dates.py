"""Days, durations and ages as operators write and read them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import typer

DURATION = re.compile(r"[1-9][0-9]{0,4}[hd]")


def day_in(text: str, option: str) -> date:
    """Return the day of a text such as 2026-05-04. Errors: typer.BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a day such as 2026-05-04", param_hint=option) from error


def duration_in(text: str, option: str) -> timedelta:
    """Return the duration of a text such as 90d or 12h. Errors: typer.BadParameter."""
    if not DURATION.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is not written like 90d or 12h", param_hint=option)
    number = int(text[:-1])
    return timedelta(days=number) if text.endswith("d") else timedelta(hours=number)


def written_age(age: timedelta) -> str:
    """Return an age in the largest unit that fits: 3d, 5h or 12m."""
    seconds = int(age.total_seconds())
    return next(
        (f"{seconds // size}{unit}" for unit, size in (("d", 86400), ("h", 3600)) if seconds >= size),
        f"{seconds // 60}m",
    )
