"""The batcher starts its workers at the first request, and stops them after every request is answered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import httpx

from adapters.web.app import create_app
from adapters.web.framework.command_batcher import WORKERS, CommandBatcher
from adapters.web.services import Services
from tests.adapters.web.conftest import bearing, serving


def workers() -> int:
    return sum(thread.name.startswith("commands-") for thread in threading.enumerate())


def test_an_application_leaves_no_thread_behind(services: Services, key: str) -> None:
    before = workers()
    app = create_app(services)
    assert workers() == before
    with serving(app) as url:
        assert httpx.post(f"{url}/v1/candidates", json={"name": "Ana"}, headers=bearing(key)).status_code == 201
        assert workers() == before + WORKERS
    assert workers() == before


def test_waiting_requests_are_answered_before_the_workers_stop() -> None:
    def slowly(askings: Sequence[int]) -> list[int | Exception]:
        time.sleep(0.05)
        return [asking + 1 for asking in askings]

    async def asked() -> list[int]:
        batcher: CommandBatcher[int, int] = CommandBatcher(slowly)
        waiting = [asyncio.create_task(batcher.answer(number)) for number in range(100)]
        await asyncio.sleep(0)
        await asyncio.to_thread(batcher.close)
        return list(await asyncio.gather(*waiting))

    before = workers()
    assert asyncio.run(asked()) == list(range(1, 101))
    assert workers() == before
