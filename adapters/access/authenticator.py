"""Authentication: who a request comes from, by its API key or token; never what it may do."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from adapters.access.keys import PREFIX, KeptKey, read
from adapters.access.principal import Principal
from adapters.access.refusals import KeyIsNotValid

REMEMBERED_SECONDS = 1.0
"""How long a key that was looked up is taken for what it was: so soon a revoked one is out everywhere."""
LOOKED_UP_AT_ONCE = 2
"""Keys, in threads of their own: a look waits behind no question."""
REMEMBERED_KEYS = 10_000
CHECKED_AT_ONCE = 4
"""Tokens, in threads of their own: those that wait for the issuer keep no API key waiting."""

K = TypeVar("K")
V = TypeVar("V")
Counting = Callable[[], Awaitable[None]]


async def uncounted() -> None:
    """Count nothing: every attempt may look a key up."""


class Tokens(Protocol):
    """Checks tokens of an external issuer."""

    def principal(self, token: str) -> Principal:
        """Return the principal that the token names; may wait for the issuer. Errors: KeyIsNotValid,
        TokensCannotBeChecked."""


class Good(NamedTuple):
    """Whom a key names that was found good: until when that is remembered, by the monotonic clock, and its expiry."""

    until: float
    expires_at: datetime | None
    principal: Principal

    def still(self, monotonic: float, now: datetime) -> bool:
        """Return whether it is remembered still and has not expired."""
        return monotonic < self.until and (self.expires_at is None or now < self.expires_at)


@dataclass(slots=True)
class Authenticator:
    """Tells by credentials who asks. `find`: the key of an id, wherever keys are kept; it may wait.

    Every look into the keys is remembered for a moment, so a request costs a hash and no question to the database.
    """

    find: Callable[[str], KeptKey | None]
    now: Callable[[], datetime]
    tokens: Tokens | None = None
    _remembered: dict[str, tuple[float, KeptKey | None]] = field(default_factory=dict)
    _good: dict[bytes, Good] = field(default_factory=dict)
    """By the SHA-256 of a key's text; the text is kept nowhere."""
    _looking: dict[str, tuple[float, asyncio.Future[KeptKey | None]]] = field(default_factory=dict)
    _checking: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(CHECKED_AT_ONCE, "tokens"))
    _finding: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(LOOKED_UP_AT_ONCE, "keys"))

    async def principal(self, authorization: str, *, counting: Counting = uncounted) -> Principal:
        """Return the principal that the header names. `counting`: is called before the store
        is asked for a key that it was not seen to have, and may raise. Errors: KeyIsNotValid, TokensCannotBeChecked,
        what `counting` raises, and whatever befalls the keys' store."""
        credential = credential_in(authorization)
        if credential.startswith(PREFIX):
            return await self._of_key(credential, counting)
        if self.tokens is None:
            raise KeyIsNotValid
        return await asyncio.get_running_loop().run_in_executor(self._checking, self.tokens.principal, credential)

    async def _of_key(self, text: str, counting: Counting) -> Principal:
        digest = hashlib.sha256(text.encode()).digest()
        good = self._good.get(digest)
        if good is not None and good.still(time.monotonic(), self.now()):
            return good.principal
        named = read(text)
        if named is None:
            raise KeyIsNotValid
        key = await self._look_up(named[0], counting)
        if key is None or not key.is_of(named[1]) or key.state(self.now()) != "good":
            raise KeyIsNotValid
        principal = key.principal
        until, looked_up = self._remembered.get(named[0], (0.0, None))
        if looked_up is key:
            put(self._good, digest, Good(until, key.expires_at, principal))
        return principal

    async def _look_up(self, name: str, counting: Counting) -> KeptKey | None:
        principal = self._remembered.get(name)
        if principal is not None and time.monotonic() < principal[0]:
            return principal[1]
        if principal is None or principal[1] is None:
            await counting()
        return await self._looked_up(name)

    async def _looked_up(self, name: str) -> KeptKey | None:
        """Return the key as the store has it; requests of one key that come within a moment share the look-up."""
        loop, now = asyncio.get_running_loop(), time.monotonic()
        good_until, looking = self._looking.get(name, (now, None))
        if looking is None or now >= good_until or looking.get_loop() is not loop:
            looking = loop.run_in_executor(self._finding, self.find, name)
            self._looking[name] = begun = now + REMEMBERED_SECONDS, looking
            looking.add_done_callback(lambda _: self._remember(name, *begun))
        return await asyncio.shield(looking)

    def _remember(self, name: str, good_until: float, looked: asyncio.Future[KeptKey | None]) -> None:
        if self._looking.get(name, (0.0, None))[1] is looked:
            del self._looking[name]
        if looked.cancelled() or looked.exception() is not None:
            return
        put(self._remembered, name, (good_until, looked.result()))


def put(remembered: dict[K, V], key: K, value: V) -> None:
    """Remember the value; where as many are remembered as may be, forget the oldest."""
    while len(remembered) >= REMEMBERED_KEYS:
        del remembered[next(iter(remembered))]
    remembered[key] = value


def credential_in(authorization: str) -> str:
    """Return the bearer token. Errors: KeyIsNotValid, also for a password: browsers send passwords automatically."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    raise KeyIsNotValid
