"""Rate limits: too many requests wait, invalid keys wait sooner, and neither blocks another key or address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import httpx
import pytest
from limits import parse
from pydantic import ValidationError

from adapters.access import authenticator
from adapters.access.keys import KeptKey
from adapters.access.policy import Role
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.framework.rates import Limits, RateLimitExceeded, Rates, Windows, network_of
from adapters.web.services import Services
from tests.adapters.web.conftest import bearing, contract_of, key_of, problem, serving

Served = Callable[[str | None], httpx.Client]


@pytest.fixture
def served(services: Services) -> Iterator[Served]:
    """Clients of an application that lets each key ask five times an hour, and each address err three times."""
    app = create_app(replace(services, rates=Rates(parse("5/hour"), parse("3/hour"))))
    clients = []
    with serving(app) as url:

        def client(key: str | None) -> httpx.Client:
            hooks = {"response": [contract_of(app).check]}
            clients.append(
                httpx.Client(verify=False, base_url=url, headers=bearing(key) if key else {}, event_hooks=hooks)
            )
            return clients[-1]

        yield client
        for each in clients:
            each.close()


def test_a_key_above_its_limit_gets_the_time_to_wait(served: Served, services: Services) -> None:
    ana, ben = (served(key_of(services, Role.RECRUITER, name=name)) for name in ("ana", "ben"))
    assert [ana.get("/v1/requisitions/x").status_code for _ in range(5)] == [422] * 5
    refused = ana.get("/v1/requisitions/x")
    assert problem(refused) == (429, "too-many-requests")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["ratelimit-policy"] == '"default";q=5;w=3600'
    assert refused.headers["ratelimit"].startswith('"default";r=0;t=')
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert problem(ana.post("/v1/candidates", json={"name": "Nora Blum"})) == (429, "too-many-requests")
    assert ana.head("/healthz").status_code == 429
    assert ben.get("/v1/requisitions/x").status_code == 422


def test_an_address_that_tries_keys_is_refused_sooner_and_good_keys_of_it_are_not(
    served: Served, services: Services
) -> None:
    guesser, ana = served("pnl_000000000000_" + "0" * 64), served(key_of(services, Role.RECRUITER, name="ana"))
    assert [guesser.get("/v1/requisitions/x").status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    assert ana.get("/v1/requisitions/x").status_code == 422


def test_look_ups_of_invented_keys_are_limited(
    served: Served, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator, "REMEMBERED_SECONDS", 0.0)
    looked_up, find = [], services.authenticator.find

    def key_named(name: str) -> KeptKey | None:
        looked_up.append(name)
        return find(name)

    monkeypatch.setattr(services.authenticator, "find", key_named)
    ana, ben = (served(key_of(services, Role.RECRUITER, name=name)) for name in ("ana", "ben"))
    assert ana.get("/v1/requisitions/x").status_code == 422
    statuses = [served(f"pnl_{number:012x}_{'0' * 64}").get("/v1/requisitions/x").status_code for number in range(9)]
    assert statuses == [401] * 3 + [429] * 6
    assert looked_up[1:] == [f"{number:012x}" for number in range(4)]
    assert ana.get("/v1/requisitions/x").status_code == 422
    assert len(looked_up) == 6
    refused = ben.get("/healthz")
    assert problem(refused) == (429, "too-many-requests")
    assert refused.headers["ratelimit-policy"] == '"default";q=5;w=3600'


def test_an_address_is_where_a_request_comes_from_and_nothing_that_it_says(served: Served) -> None:
    guesser = served("pnl_000000000000_" + "0" * 64)
    named = ({"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"} for number in range(5))
    statuses = [guesser.get("/v1/requisitions/x", headers=headers).status_code for headers in named]
    assert statuses == [401, 401, 401, 429, 429]


def test_who_shows_no_key_is_counted_by_address(served: Served) -> None:
    anonymous = served(None)
    assert [anonymous.get("/healthz").status_code for _ in range(6)] == [200] * 5 + [429]


def test_a_limit_that_cannot_be_read_is_no_setting() -> None:
    assert Settings(rate_limit="36000/minute").rate_limit == "36000/minute"
    with pytest.raises(ValidationError, match="600/second"):
        Settings(rate_limit="often")


@dataclass
class Clocks:
    """The two clocks of a machine, moved by hand."""

    wall: float = 1_780_000_000.0
    monotonic: float = 1_000.0

    def __post_init__(self) -> None:
        self.windows = Limits(Rates(parse("5/minute"), parse("3/hour")))

    def permitted(self, times: int) -> int:
        """How many of so many requests are let through."""

        async def ask() -> int:
            through = 0
            for _ in range(times):
                try:
                    await self.windows.count(self.windows.rates.each, "key user ana")
                    through += 1
                except RateLimitExceeded:
                    pass
            return through

        return asyncio.run(ask())


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(time, "time", lambda: clocks.wall)
    monkeypatch.setattr(time, "monotonic", lambda: clocks.monotonic)
    return clocks


@pytest.mark.parametrize("steps", [(86_400.0, -86_400.0), (-86_400.0, 86_400.0), (3e9, -3e9), (0.0, -60.0)])
def test_setting_the_wall_clock_neither_blocks_nor_frees_a_key(clocks: Clocks, steps: tuple[float, ...]) -> None:
    assert clocks.permitted(6) == 5
    for step in steps:
        clocks.wall += step
        assert clocks.permitted(2) == 0
    clocks.monotonic += 60
    assert clocks.permitted(7) == 5
    clocks.monotonic += 59
    assert clocks.permitted(1) == 0


def test_windows_that_have_ended_are_forgotten(clocks: Clocks) -> None:
    async def counted(names: Sequence[str]) -> int:
        for name in names:
            await clocks.windows.count(clocks.windows.rates.each, name)
        storage = cast(Windows, clocks.windows.limiter.storage)
        return await storage.reset()

    assert asyncio.run(counted([f"address {number}" for number in range(100)])) == 100
    asyncio.run(clocks.windows.count(clocks.windows.rates.each, "address 1"))
    clocks.monotonic += 61
    assert asyncio.run(counted(["address 2"])) == 1


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_of_ipv6_the_network_is_counted(host: str, counted: str) -> None:
    assert network_of(host) == counted
