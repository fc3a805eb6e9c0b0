"""Idempotency keys: a request that is repeated with the same key is handled once and gets the same answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.append import AlreadyReceived
from adapters.postgres.tables.idempotency_records import IdempotencyRecords
from adapters.web.framework.refusals import IdempotencyKeyWasUsedForAnotherRequest, RequestIsInFlight
from commands.attached import Idempotency
from domain.candidate import CandidateIsErased

KEPT_FOR = timedelta(hours=24)
ERASED = "erased"
"""The member that replaces an answer after an erasure: the id of the record that was erased."""
CLEAN_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a command, without personal data. `replayed`: whether it is the answer of an earlier request."""

    status: int
    content: Mapping[str, Any]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an idempotency key. `request_hash`: a keyed hash of its path and body."""

    key: str
    request_hash: str
    now: datetime

    def record(self, status: int, response: Mapping[str, Any]) -> Idempotency:
        """Return the record of the answer, to be stored in the transaction of the events, which adds their position."""
        return Idempotency(self.key, self.request_hash, {"status": status, **response}, self.now + KEPT_FOR)


class IdempotencyKeys:
    """Tracks the keys of requests in progress in this process, and finds the answers of completed requests."""

    def __init__(self, receipts: IdempotencyRecords, key_file: KeyFile) -> None:
        self._receipts = receipts
        self._key_file = key_file
        self._at_work: set[str] = set()
        self._lock = threading.Lock()
        self._cleaned_at = float("-inf")

    def keyed(self, actor: str, key: str, request: bytes, now: datetime) -> KeyedRequest:
        """Return the request with its key. Keys are separate for each actor."""
        return KeyedRequest(f"{actor} {key}", self._key_file.fingerprint("idempotency", request), now)

    def begin(self, keyed: KeyedRequest) -> None:
        """Reserve the key until `end`. Errors: RequestIsInFlight."""
        self._clean(keyed.now)
        with self._lock:
            if keyed.key in self._at_work:
                raise RequestIsInFlight
            self._at_work.add(keyed.key)

    def end(self, requests: Iterable[KeyedRequest]) -> None:
        with self._lock:
            self._at_work.difference_update(keyed.key for keyed in requests)

    def answer_before(self, keyed: KeyedRequest, refused: Exception) -> Answer | None:
        """Return the answer of the first request with the key, after this request was refused; None: there is none.

        It is needed only then: a key cannot be stored twice, so a request that succeeds is the first. Errors:
        IdempotencyKeyWasUsedForAnotherRequest; RequestIsInFlight if another process is handling the key;
        CandidateIsErased if the request was about a person who was erased since.
        """
        before = self._find(keyed)
        if before is None and isinstance(refused, AlreadyReceived):
            raise RequestIsInFlight from refused
        return before

    def _find(self, keyed: KeyedRequest) -> Answer | None:
        kept = self._receipts.find(keyed.key, keyed.now)
        if kept is None:
            return None
        if ERASED in kept.response:
            raise CandidateIsErased(candidate=kept.response[ERASED])
        if kept.request_hash != keyed.request_hash:
            raise IdempotencyKeyWasUsedForAnotherRequest
        content = {"position": kept.position, **kept.response}
        return Answer(content.pop("status"), content, replayed=True)

    def _clean(self, now: datetime) -> None:
        if time.monotonic() - self._cleaned_at > CLEAN_EVERY_SECONDS:
            self._cleaned_at = time.monotonic()
            self._receipts.forget_expired(now)
