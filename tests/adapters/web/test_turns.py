"""A task waits for at most one task of each other party, however many that party has."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, partialmethod
from itertools import pairwise
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.web.framework import turns
from adapters.web.framework.turns import CROWD, LONGEST_REST, GoodKeys, Pace, Party, Turns

AT_ONCE = 4
STRANGERS = [Party(f"10.0.0.{number}") for number in range(1, 4)]
WITH_GOOD_KEY = [Party("key user:a", has_good_key=True), Party("key user:b", has_good_key=True)]


def begun_of(tasks: Sequence[tuple[Party, str]], at_once: int = AT_ONCE) -> list[str]:
    """In which order they begin, all asked for in one round."""
    begun: list[str] = []

    async def flood() -> None:
        ring = Turns(at_once, pause=0.0)
        for party, name in tasks:
            ring.begin(party, partial(begun.append, name))
        while len(begun) < len(tasks):
            await asyncio.sleep(0)

    asyncio.run(flood())
    return begun


def test_what_waits_waits_for_one_of_another_party_and_not_for_all_of_it() -> None:
    tasks = [(STRANGERS[0], f"stranger {number}") for number in range(1_000)]
    tasks += [(STRANGERS[1], f"client {number}") for number in range(3)]
    begun = begun_of(tasks)
    assert len(begun) == 1_003
    assert [task for task in begun if "stranger" in task] == [f"stranger {number}" for number in range(1_000)]
    places = [begun.index(f"client {number}") for number in range(3)]
    assert places == sorted(places)
    assert places[-1] < AT_ONCE + 2 * 3


def test_those_with_a_key_that_was_good_have_every_other_turn_however_many_the_others_are() -> None:
    crowd = [(Party(f"10.1.{number // 250}.{number % 250}"), f"stranger {number}") for number in range(1_000)]
    begun = begun_of(crowd + [(WITH_GOOD_KEY[0], f"client {number}") for number in range(5)])
    assert max(begun.index(f"client {number}") for number in range(5)) < AT_ONCE + 2 * 5


def test_no_more_begin_in_a_round_than_may() -> None:
    begun: list[int] = []

    async def flood() -> None:
        ring = Turns(AT_ONCE, pause=0.0)
        begun_now = [ring.begin(STRANGERS[0], partial(begun.append, number)) for number in range(100)]
        assert begun_now == [True] * AT_ONCE + [False] * (100 - AT_ONCE)
        assert len(begun) == AT_ONCE
        while len(begun) < 100:
            before = len(begun)
            await asyncio.sleep(0)
            assert len(begun) <= before + AT_ONCE

    asyncio.run(flood())
    assert begun == list(range(100))


@given(chosen=st.lists(st.sampled_from([*STRANGERS, *WITH_GOOD_KEY]), max_size=100), at_once=st.integers(1, 5))
def test_everything_begins_once_in_the_order_of_its_party(chosen: list[Party], at_once: int) -> None:
    tasks = [(party, f"{party.name} {number}") for number, party in enumerate(chosen)]
    begun = begun_of(tasks, at_once)
    assert sorted(begun) == sorted(name for _, name in tasks)
    for party in (*STRANGERS, *WITH_GOOD_KEY):
        own = [name for owner, name in tasks if owner == party]
        assert [name for name in begun if name in own] == own


@given(chosen=st.lists(st.sampled_from([*STRANGERS, *WITH_GOOD_KEY]), max_size=CROWD))
def test_nothing_is_overtaken_by_two_of_another_party_of_its_kind(chosen: list[Party]) -> None:
    tasks = [(party, f"{party.name} {number}") for number, party in enumerate(chosen)]
    waited = begun_of(tasks, 1)[1:]  # the first began at once
    party_of = {name: party for party, name in tasks}
    for place, name in enumerate(waited):
        own = party_of[name]
        since = max((at for at, task in enumerate(waited[:place]) if party_of[task] == own), default=-1) + 1
        others = [party_of[task] for task in waited[since:place] if party_of[task].has_good_key == own.has_good_key]
        assert len(others) == len(set(others))


def test_between_rounds_of_strangers_alone_there_is_a_pause_and_those_who_are_known_do_not_wait_for_it() -> None:
    begun: list[str] = []

    async def flood() -> None:
        ring = Turns(1, pause=3600.0)
        for number in range(5):
            ring.begin(STRANGERS[0], partial(begun.append, f"stranger {number}"))
        for _ in range(50):
            await asyncio.sleep(0)
        assert begun == ["stranger 0"]
        for number in range(3):
            ring.begin(WITH_GOOD_KEY[0], partial(begun.append, f"client {number}"))
        for _ in range(50):
            await asyncio.sleep(0)

    asyncio.run(flood())
    assert [task for task in begun if "client" in task] == ["client 0", "client 1", "client 2"]
    assert len(begun) <= 2 * 3 + 1, "strangers wait on when no others do"


def test_a_crowd_has_its_turns_among_strangers_where_another_is_there_and_keeps_its_order() -> None:
    tasks = [(WITH_GOOD_KEY[1], f"other {number}") for number in range(2)]
    tasks += [(WITH_GOOD_KEY[0], f"crowd {number}") for number in range(200)]
    tasks += [(STRANGERS[0], f"stranger {number}") for number in range(20)]
    tasks += [(WITH_GOOD_KEY[1], f"client {number}") for number in range(10)]
    begun = begun_of(tasks, 1)
    assert [task for task in begun if "crowd" in task] == [f"crowd {number}" for number in range(200)]
    assert max(begun.index(f"client {number}") for number in range(10)) <= 1 + 2 * 12, (
        "every other turn is the client's"
    )
    assert max(begun.index(f"stranger {number}") for number in range(20)) < 80, "a crowd is one of the others"


def test_a_crowd_alone_does_not_pause() -> None:
    begun: list[int] = []

    async def flood() -> None:
        ring = Turns(1, pause=3600.0)
        for number in range(100):
            ring.begin(WITH_GOOD_KEY[0], partial(begun.append, number))
        while len(begun) < 100:
            await asyncio.sleep(0)

    asyncio.run(flood())
    assert begun == list(range(100))


def test_a_round_of_strangers_is_followed_by_a_pause_as_long_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def flood() -> None:
        loop = asyncio.get_running_loop()
        ring, later = Turns(1, pause=0.001), loop.call_later

        def noted(seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
            pauses.append(seconds)
            return later(0.0, call)

        monkeypatch.setattr(loop, "call_later", noted)
        done = asyncio.Event()
        ring.begin(STRANGERS[0], lambda: None)
        ring.begin(STRANGERS[0], partial(time.sleep, 0.02))
        ring.begin(STRANGERS[0], done.set)
        await done.wait()

    asyncio.run(flood())
    assert pauses[0] == 0.001
    assert pauses[1] >= 0.02


@dataclass(eq=False, slots=True)
class FakeTimer:
    """A call that is due, in the list of those that wait."""

    due: float
    call: Callable[[], None]
    waiting: list[FakeTimer]

    def cancel(self) -> None:
        self.waiting.remove(self)


class FakeLoop:
    """A clock that timers move, and the processor time of what runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.worked = 0.0
        self._timers: list[FakeTimer] = []
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)

    def call_later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.now + max(seconds, 1e-6), call, self._timers)
        self._timers.append(timer)
        return timer

    call_soon = partialmethod(call_later, 0.0)

    def work(self, seconds: float) -> None:
        self.now, self.worked = self.now + seconds, self.worked + seconds

    def run(self, until: float) -> None:
        while (due := min(self._timers, key=attrgetter("due"), default=None)) is not None and due.due <= until:
            due.cancel()
            self.now = max(self.now, due.due)
            due.call()


def test_strangers_of_all_turns_together_have_half_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = FakeLoop(monkeypatch)
    pace = Pace(lambda: loop.worked, lambda: loop.now)
    begun = Counter[str]()
    every = {name: Turns(2, pause=0.002, pace=pace) for name in ("accepts", "reads", "starts", "drops")}

    def start(name: str) -> None:
        begun[name] += 1
        loop.work(0.005)
        every[name].begin(STRANGERS[0], partial(start, name))

    for name in every:
        every[name].begin(STRANGERS[0], partial(start, name))
    loop.run(until=10.0)
    assert 0.4 * 10.0 < loop.worked < 0.55 * 10.0
    assert max(begun.values()) <= 1.2 * min(begun.values()), "each of them has its part"


def begun_of_three(loop: FakeLoop, pace: Pace) -> list[float]:
    """Ask the pace for three short rounds, and return the times at which they begin, as they do."""
    begun: list[float] = []

    def start() -> None:
        begun.append(loop.now)
        loop.work(0.001)

    for _ in range(3):
        pace.run(start)
    return begun


def test_work_that_a_round_began_counts_when_it_is_done_later(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = FakeLoop(monkeypatch)
    pace = Pace(lambda: loop.worked, lambda: loop.now)
    begun = begun_of_three(loop, pace)
    loop.work(0.03)  # an answer that the first round began
    loop.run(until=0.05)
    assert begun == [0.0]
    loop.run(until=0.07)
    assert begun[1] == pytest.approx(0.062, abs=0.001)


def test_strangers_wait_no_longer_than_so_for_a_loop_that_never_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = FakeLoop(monkeypatch)
    pace = Pace(lambda: loop.worked, lambda: loop.now)
    begun = begun_of_three(loop, pace)
    while loop.now < 1.0:
        loop.work(0.001)
        loop.run(until=loop.now)
    assert [later - earlier for earlier, later in pairwise(begun)] == pytest.approx([LONGEST_REST] * 2, abs=0.01)


def test_a_start_may_ask_for_more() -> None:
    begun: list[int] = []

    async def flood() -> None:
        ring = Turns(AT_ONCE, pause=0.0)

        def start(number: int) -> None:
            begun.append(number)
            if number < 50:
                ring.begin(STRANGERS[0], partial(start, number + 1))

        ring.begin(STRANGERS[0], partial(start, 0))
        while len(begun) < 51:
            await asyncio.sleep(0)

    asyncio.run(flood())
    assert begun == list(range(51))


def test_a_key_is_known_while_it_is_good_and_its_network_too() -> None:
    keys = GoodKeys()
    assert keys.party(b"Bearer a", "10.0.0.1") == Party("10.0.0.1")
    keys.note(b"Bearer a", "10.0.0.1", "key user:a")
    assert keys.party(b"Bearer a", "10.0.0.9") == Party("key user:a", has_good_key=True)
    assert keys.party(b"", "10.0.0.1").has_good_key
    assert keys.party(b"Bearer guess", "10.0.0.1") == Party("10.0.0.1")
    assert keys.party(b"", "10.0.0.9") == Party("10.0.0.9")
    keys.note(b"Bearer a", "10.0.0.1", None)
    assert keys.party(b"Bearer a", "10.0.0.1") == Party("10.0.0.1")


def test_only_so_many_keys_are_remembered_and_the_latest_of_them() -> None:
    keys = GoodKeys()
    number = turns.KEYS_REMEMBERED + 10
    for index in range(number):
        keys.note(b"Bearer %d" % index, f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}", f"key user:{index}")
    assert (len(keys._names), len(keys._networks)) == (turns.KEYS_REMEMBERED, turns.KEYS_REMEMBERED)
    assert keys.party(b"Bearer %d" % (number - 1), "x").has_good_key
    assert not keys.party(b"Bearer 0", "x").has_good_key
