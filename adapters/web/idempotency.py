"""A request that is sent again with the same Idempotency-Key is done once and answered alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.postgres.append import AlreadyReceived
from adapters.postgres.keyfile import KeyFile
from adapters.postgres.receipts import Receipts
from adapters.web.refusals import IdempotencyKeyWasUsedForAnotherRequest, RequestIsInFlight
from commands.handle import Idempotency

KEPT_FOR = timedelta(hours=24)
CLEAN_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command is answered: no personal data. `replayed`: it is the answer of the first time."""

    status: int
    content: Mapping[str, Any]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with a key; `request_hash` is a keyed hash of all that makes it this request."""

    key: str
    request_hash: str
    now: datetime

    def record(self, status: int, response: Mapping[str, Any]) -> Idempotency:
        """The answer, to be kept in the transaction of what was done; its position is added there."""
        return Idempotency(self.key, self.request_hash, status, response, self.now + KEPT_FOR)


class OnceOnly:
    """Knows which keys are at work in this process, and finds the answers of those that were."""

    def __init__(self, receipts: Receipts, key_file: KeyFile) -> None:
        self._receipts = receipts
        self._key_file = key_file
        self._at_work: set[str] = set()
        self._lock = threading.Lock()
        self._cleaned_at = float("-inf")

    def keyed(self, key: str, request: bytes, now: datetime) -> Keyed:
        return Keyed(key, self._key_file.fingerprint("idempotency", request), now)

    def answer(self, keyed: Keyed, handle: Callable[[], Answer]) -> Answer:
        """The kept answer, or that of `handle`, done now. Errors: IdempotencyKeyWasUsedForAnotherRequest,
        RequestIsInFlight, and those of `handle`."""
        with self._working_on(keyed):
            self._clean(keyed.now)
            found = self._find(keyed)
            if found is not None:
                return found
            try:
                return handle()
            except AlreadyReceived:  # another process was faster with the same key
                found = self._find(keyed)
                if found is None:
                    raise RequestIsInFlight from None
                return found

    def _find(self, keyed: Keyed) -> Answer | None:
        kept = self._receipts.find(keyed.key, keyed.now)
        if kept is None:
            return None
        if kept.request_hash != keyed.request_hash:
            raise IdempotencyKeyWasUsedForAnotherRequest
        return Answer(kept.status, {"position": kept.position, **kept.response}, replayed=True)

    @contextmanager
    def _working_on(self, keyed: Keyed) -> Iterator[None]:
        with self._lock:
            if keyed.key in self._at_work:
                raise RequestIsInFlight
            self._at_work.add(keyed.key)
        try:
            yield
        finally:
            with self._lock:
                self._at_work.discard(keyed.key)

    def _clean(self, now: datetime) -> None:
        if time.monotonic() - self._cleaned_at > CLEAN_EVERY_SECONDS:
            self._cleaned_at = time.monotonic()
            self._receipts.forget_expired(now)
