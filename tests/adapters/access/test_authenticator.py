"""The authenticator reads a key again after a while, not at every request, and trusts no unknown key."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.access import authenticator
from adapters.access.authenticator import Authenticator
from adapters.access.keys import KeptKey, Wanted, minted
from adapters.access.policy import Role
from adapters.access.principal import Principal
from adapters.access.refusals import KeyIsNotValid

NOW = datetime(2026, 5, 4, tzinfo=UTC)
MADE = minted(Wanted("ana", frozenset({Role.RECRUITER})), "user:ben", NOW)


@dataclass
class Kept:
    """Keys, and how often each was read."""

    keys: dict[str, KeptKey] = field(default_factory=lambda: {MADE.id: MADE.kept})
    lookups: list[str] = field(default_factory=list)

    def find(self, name: str) -> KeptKey | None:
        self.lookups.append(name)
        return self.keys.get(name)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def door(kept: Kept) -> Authenticator:
    return Authenticator(kept.find, lambda: NOW)


def shown(door: Authenticator, authorization: str) -> Principal:
    return asyncio.run(door.principal(authorization))


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"any-user:{password}".encode()).decode()


def test_a_key_says_who_it_is_and_is_looked_up_once(door: Authenticator, kept: Kept) -> None:
    for header in (f"Bearer {MADE.text}", f"bearer  {MADE.text} "):
        assert shown(door, header) == Principal("ana", frozenset({Role.RECRUITER}))
    assert kept.lookups == [MADE.id]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer  ",
        f"Digest {MADE.text}",
        MADE.text,
        f"Bearer {MADE.text[:-1]}{'0' if MADE.text[-1] != '0' else '1'}",
        f"Bearer {MADE.text}0",
        "Bearer pnl_000000000000_" + "0" * 64,
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Basic %%%",
        basic(MADE.text),
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        "Basic " + base64.b64encode(MADE.text.encode()).decode(),
        "Basic \xff\xfe",
    ],
    ids=[f"header-{number}" for number in range(14)],
)
def test_whatever_is_no_good_key_is_refused_alike(door: Authenticator, header: str) -> None:
    with pytest.raises(KeyIsNotValid) as refused:
        shown(door, header)
    assert MADE.text not in str(refused.value)


def test_a_key_is_out_the_moment_that_it_expires(kept: Kept) -> None:
    clock = [NOW]
    door = Authenticator(kept.find, lambda: clock[0])
    kept.keys[MADE.id] = replace(MADE.kept, expires_at=NOW + timedelta(milliseconds=2))
    for _ in range(2):
        assert shown(door, f"Bearer {MADE.text}").name == "ana"
    clock[0] += timedelta(milliseconds=2)
    with pytest.raises(KeyIsNotValid):
        shown(door, f"Bearer {MADE.text}")
    assert kept.lookups == [MADE.id]


def test_only_so_many_good_keys_are_remembered(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authenticator, "REMEMBERED_KEYS", 3)
    door = Authenticator(kept.find, lambda: NOW)
    for _ in range(5):
        made = minted(Wanted("ana", frozenset({Role.RECRUITER})), "user:ben", NOW)
        kept.keys[made.id] = made.kept
        assert shown(door, f"Bearer {made.text}").name == "ana"
    assert len(door._good) == len(door._remembered) == 3


def test_a_revoked_key_is_out_within_seconds(door: Authenticator, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    assert authenticator.REMEMBERED_SECONDS <= 5
    shown(door, f"Bearer {MADE.text}")
    kept.keys[MADE.id] = replace(MADE.kept, revoked_at=NOW, revoked_by="user:ben")
    clock = time.monotonic() + authenticator.REMEMBERED_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    with pytest.raises(KeyIsNotValid):
        shown(door, f"Bearer {MADE.text}")


def test_those_who_guess_do_not_fill_our_memory(door: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authenticator, "REMEMBERED_KEYS", 3)
    for number in range(10):
        with pytest.raises(KeyIsNotValid):
            shown(door, f"Bearer pnl_{number:012x}_{'0' * 64}")
    assert len(door._remembered) == 3


def test_a_key_that_was_good_here_is_looked_up_again_and_not_counted(
    door: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator, "REMEMBERED_SECONDS", 0.0)
    shown(door, f"Bearer {MADE.text}")

    async def counting() -> None:
        raise RuntimeError("counted")

    assert asyncio.run(door.principal(f"Bearer {MADE.text}", counting=counting)).name == "ana"
    for _ in range(2):  # an unknown key is not remembered as valid
        with pytest.raises(RuntimeError, match="counted"):
            asyncio.run(door.principal("Bearer pnl_000000000000_" + "0" * 64, counting=counting))


class Waiting:
    """Tokens whose issuer does not answer until the test allows it."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()

    def principal(self, token: str) -> Principal:
        self.may_go_on.wait()
        raise KeyIsNotValid


def test_tokens_that_wait_for_their_issuer_keep_no_key_waiting(kept: Kept) -> None:
    tokens = Waiting()
    door = Authenticator(kept.find, lambda: NOW, tokens)

    async def ask() -> Principal:
        waiting = [asyncio.ensure_future(door.principal("Bearer a.b.c")) for _ in range(100)]
        await asyncio.sleep(0)  # all of them have been handed to their threads
        try:
            return await asyncio.wait_for(door.principal(f"Bearer {MADE.text}"), 30)
        finally:
            tokens.may_go_on.set()
            assert {type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)} == {KeyIsNotValid}

    assert asyncio.run(ask()).name == "ana"
