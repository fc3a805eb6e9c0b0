"""How often one may ask: each key so many times, and whoever shows keys that are not valid far less often."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from adapters.access.principal import Principal
from adapters.access.refusals import KeyIsNotValid
from adapters.web.limits import App, Receive, Scope, Send
from adapters.web.problems import MEDIA_TYPE, TOO_MANY_REQUESTS, document


@dataclass(frozen=True, slots=True)
class Rates:
    """`each`: requests of one key, or of one address without a key. `failed`: keys that are not valid, of one address.

    Counted in this process: of several that serve, each lets so many through.
    """

    each: RateLimitItem
    failed: RateLimitItem


class Rated:
    """Answers 429 to who asks too often, before anything of the request is read."""

    def __init__(self, app: App, rates: Rates) -> None:
        self.app, self.rates = app, rates
        self.limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for limit, who in asked_by(scope, self.rates):
                if not await self.limiter.hit(limit, who):
                    return await self.refuse(scope, send, limit, who)
        return await self.app(scope, receive, send)

    async def refuse(self, scope: Scope, send: Send, limit: RateLimitItem, who: str) -> None:
        window = await self.limiter.get_window_stats(limit, who)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        body = json.dumps(document(TOO_MANY_REQUESTS, TOO_MANY_REQUESTS.description, scope["path"])).encode()
        headers = {
            "content-type": MEDIA_TYPE,
            "content-length": str(len(body)),
            "retry-after": str(seconds),
            "ratelimit-policy": f'"default";q={limit.amount};w={limit.get_expiry()}',
            "ratelimit": f'"default";r={window.remaining};t={seconds}',
        }
        told = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": TOO_MANY_REQUESTS.status, "headers": told})
        await send({"type": "http.response.body", "body": body})


def asked_by(scope: Scope, rates: Rates) -> list[tuple[RateLimitItem, str]]:
    """The limits that a request counts against, and under which name."""
    principal: Principal | None = scope["principal"]
    if principal is not None:
        return [(rates.each, f"key {principal.name}")]
    address = f"address {(scope.get('client') or ('unknown',))[0]}"
    failed = isinstance(scope["not_let_in"], KeyIsNotValid)
    return [(rates.each, address), *([(rates.failed, f"failed {address}")] if failed else [])]
