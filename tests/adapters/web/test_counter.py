"""The clerks come with the first request and go home with the application, once everybody is answered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import httpx

from adapters.web.app import create_app
from adapters.web.framework.counter import CLERKS, Counter
from adapters.web.services import Services
from tests.adapters.web.conftest import bearing, serving


def clerks() -> int:
    return sum(thread.name.startswith("clerk-") for thread in threading.enumerate())


def test_an_application_leaves_no_thread_behind(services: Services, key: str) -> None:
    before = clerks()
    app = create_app(services)
    assert clerks() == before
    with serving(app) as url:
        assert httpx.post(f"{url}/v1/candidates", json={"name": "Ana"}, headers=bearing(key)).status_code == 201
        assert clerks() == before + CLERKS
    assert clerks() == before


def test_who_waits_is_answered_before_the_clerks_go_home() -> None:
    def slowly(askings: Sequence[int]) -> list[int | Exception]:
        time.sleep(0.05)
        return [asking + 1 for asking in askings]

    async def asked() -> list[int]:
        counter: Counter[int, int] = Counter(slowly)
        waiting = [asyncio.create_task(counter.answer(number)) for number in range(100)]
        await asyncio.sleep(0)
        await asyncio.to_thread(counter.close)
        return list(await asyncio.gather(*waiting))

    before = clerks()
    assert asyncio.run(asked()) == list(range(1, 101))
    assert clerks() == before
