"""Rate limits: each key has one, each address without a key has one, and invalid keys of an address a stricter one."""

from __future__ import annotations

import ipaddress
import json
import math
import time
from dataclasses import dataclass
from functools import lru_cache

from limits import RateLimitItem
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from adapters.access.principal import Principal
from adapters.access.refusals import KeyIsNotValid
from adapters.web.framework.limits import App, Receive, Scope, Send
from adapters.web.framework.problems import MEDIA_TYPE, TOO_MANY_REQUESTS, document


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate limits. `each`: of one key, or of one address without a key. `failed`: of an address's invalid keys.

    Requests are counted in this process: if several processes serve, each permits as many.
    """

    each: RateLimitItem
    failed: RateLimitItem


class RateLimitExceeded(Exception):
    """The requests counted under the name `who` exceed the limit."""

    def __init__(self, limit: RateLimitItem, who: str) -> None:
        super().__init__(who)
        self.limit, self.who = limit, who


class Windows(Storage):
    """Counters of fixed windows, timed by the monotonic clock.

    The library's own storage reads the wall clock. When that is set back, a window stays open for as much longer.
    """

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._counted: dict[str, tuple[float, int]] = {}
        """The end of each key's window, and the count in it."""
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        self._sweep()
        ends, count = self._open(key, time.monotonic() + expiry)
        self._counted[key] = ends, count + amount
        return count + amount

    async def get(self, key: str) -> int:
        return self._open(key, 0.0)[1]

    async def get_expiry(self, key: str) -> float:
        """Return the end of the window, by the monotonic clock."""
        return self._open(key, time.monotonic())[0]

    async def check(self) -> bool:
        return True

    async def reset(self) -> int:
        count = len(self._counted)
        self._counted.clear()
        return count

    async def clear(self, key: str) -> None:
        self._counted.pop(key, None)

    def _open(self, key: str, new_ends: float) -> tuple[float, int]:
        """Return the end and the count of the key's window; those of a new window if none is open."""
        window = self._counted.get(key)
        return window if window is not None and time.monotonic() < window[0] else (new_ends, 0)

    def _sweep(self) -> None:
        """Forget windows that have ended, once a second."""
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep_at = now + 1.0
            self._counted = {key: window for key, window in self._counted.items() if now < window[0]}


class Limits:
    """The counts of requests of this process, by name."""

    def __init__(self, rates: Rates) -> None:
        self.rates, self.limiter = rates, FixedWindowRateLimiter(Windows())

    async def count(self, limit: RateLimitItem, who: str) -> None:
        """Count a request. Errors: RateLimitExceeded."""
        if not await self.limiter.hit(limit, who):
            raise RateLimitExceeded(limit, who)

    async def count_look(self, scope: Scope) -> None:
        """Count a look-up of a key in the database, so that look-ups of invented keys are limited too.

        Errors: RateLimitExceeded.
        """
        await self.count(self.rates.each, f"look {address_of(scope)}")

    async def count_all(self, scope: Scope) -> None:
        """Count a request after authentication. Errors: RateLimitExceeded."""
        if isinstance(scope["key_error"], RateLimitExceeded):
            raise scope["key_error"]
        for limit, who in counted_under(scope, self.rates):
            await self.count(limit, who)


class RateLimitMiddleware:
    """Answers 429 to requests above the limit, before their body is read."""

    def __init__(self, app: App, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] == "http":
                await self.limits.count_all(scope)
        except RateLimitExceeded as exceeded:
            return await self.refuse(scope, send, exceeded.limit, exceeded.who)
        return await self.app(scope, receive, send)

    async def refuse(self, scope: Scope, send: Send, limit: RateLimitItem, who: str) -> None:
        window = await self.limits.limiter.get_window_stats(limit, who)
        seconds = max(1, math.ceil(window.reset_time - time.monotonic()))
        body = json.dumps(document(TOO_MANY_REQUESTS, TOO_MANY_REQUESTS.description, scope["path"])).encode()
        headers = {
            "content-type": MEDIA_TYPE,
            "content-length": str(len(body)),
            "retry-after": str(seconds),
            "ratelimit-policy": f'"default";q={limit.amount};w={limit.get_expiry()}',
            "ratelimit": f'"default";r={window.remaining};t={seconds}',
        }
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": TOO_MANY_REQUESTS.status, "headers": encoded})
        await send({"type": "http.response.body", "body": body})


def counted_under(scope: Scope, rates: Rates) -> list[tuple[RateLimitItem, str]]:
    """Return the limits that a request counts against, each with the name under which it counts."""
    principal: Principal | None = scope["principal"]
    if principal is not None:
        return [(rates.each, f"key {principal.kind} {principal.name}")]
    address = address_of(scope)
    failed = isinstance(scope["key_error"], KeyIsNotValid)
    return [(rates.each, address), *([(rates.failed, f"failed {address}")] if failed else [])]


def address_of(scope: Scope) -> str:
    return f"address {network_of((scope.get('client') or ('unknown',))[0])}"


@lru_cache(4096)
def network_of(host: str) -> str:
    """Return the network that is counted: the IPv4 address, or the /64 of an IPv6 address, which one customer has."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
