"""Nothing is invented that the rules would not have let happen."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from uuid import UUID

import pytest

from adapters.lab.synthetic.history import history
from domain.touchpoint import TouchpointRecorded
from tests.adapters.lab.synthetic.dense import UNDONE_OFTEN
from tests.adapters.lab.synthetic.replay import Replay


@pytest.mark.parametrize(("events", "seed", "years"), [(100, 1, 1), (700, 2, 5), (20_000, 3, 5), (3_000, 4, 2)])
def test_the_verbs_decide_every_event_as_the_log_has_it(events: int, seed: int, years: int) -> None:
    replay = Replay()
    for row in history(events, seed, ends_on=date(2026, 3, 1), years=years).recorded():
        replay.follow(row)
    assert not any(replay.owed.values())


@pytest.mark.parametrize("seed", range(4))
def test_the_verbs_decide_what_is_undone_often_as_the_log_has_it(seed: int) -> None:
    replay = Replay()
    for row in history(2_000, seed, ends_on=date(2026, 3, 1), years=3, planted=UNDONE_OFTEN).recorded():
        replay.follow(row)
    assert not any(replay.owed.values())


BEFORE = {
    "email-delivered": "email-sent",
    "email-bounced": "email-sent",
    "email-opened": "email-delivered",
    "email-clicked": "email-opened",
    "email-replied": "email-opened",
    "email-unsubscribed": "email-sent",
    "email-complained": "email-sent",
    "inmail-opened": "inmail-sent",
    "inmail-replied": "inmail-opened",
    "inmail-declined": "inmail-opened",
}


def test_causes_come_before_their_effects() -> None:
    first: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for row in history(20_000, 5, ends_on=date(2026, 1, 1)).recorded():
        if isinstance(row.event, TouchpointRecorded) and row.event.message is not None:
            times = first[row.event.message]
            times[row.event.kind] = min(row.at, times.get(row.event.kind, row.at))
    pairs = [
        (times[cause], times[effect])
        for times in first.values()
        for effect, cause in BEFORE.items()
        if effect in times and cause in times
    ]
    assert len(pairs) > 4_000
    assert all(cause < effect for cause, effect in pairs)
