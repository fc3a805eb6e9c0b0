"""Waits until read models have folded the log up to a position."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from domain.errors import Refused

LOOK_EVERY_SECONDS = 0.05


class ReadModelIsBehind(Refused):
    """Read model behind

    The read model '{name}' is at position {position} and did not reach {wanted} within {seconds} seconds.

    Send the request again later, or ask for an older position; /v1/projections shows the progress.
    """


@dataclass(frozen=True, slots=True)
class Behind:
    """A read model that has not folded the log up to the wanted position, and where it stands."""

    name: str
    position: int


def wait_until_folded(
    position_of: Callable[[str], int], names: Iterable[str], position: int, seconds: float
) -> Behind | None:
    """Return None once all the read models have reached the position, or the one that has not within the time."""
    give_up = time.monotonic() + seconds
    for name in names:
        while (reached := position_of(name)) < position:
            if time.monotonic() > give_up:
                return Behind(name, reached)
            time.sleep(LOOK_EVERY_SECONDS)
    return None
