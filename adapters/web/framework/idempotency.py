"""A request that is sent again with the same Idempotency-Key is done once and answered alike."""

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
"""In the place of an answer that was forgotten: the record that was erased."""
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
        return Idempotency(self.key, self.request_hash, {"status": status, **response}, self.now + KEPT_FOR)


class OnceOnly:
    """Knows which keys are at work in this process, and finds the answers of those that were."""

    def __init__(self, receipts: IdempotencyRecords, key_file: KeyFile) -> None:
        self._receipts = receipts
        self._key_file = key_file
        self._at_work: set[str] = set()
        self._lock = threading.Lock()
        self._cleaned_at = float("-inf")

    def keyed(self, actor: str, key: str, request: bytes, now: datetime) -> Keyed:
        """The key of this actor: others may use the same one for requests of their own."""
        return Keyed(f"{actor} {key}", self._key_file.fingerprint("idempotency", request), now)

    def begin(self, keyed: Keyed) -> None:
        """From here to `end` nobody else works on this key. Errors: RequestIsInFlight."""
        self._clean(keyed.now)
        with self._lock:
            if keyed.key in self._at_work:
                raise RequestIsInFlight
            self._at_work.add(keyed.key)

    def end(self, keyed: Iterable[Keyed]) -> None:
        with self._lock:
            self._at_work.difference_update(one.key for one in keyed)

    def answer_before(self, keyed: Keyed, refused: Exception) -> Answer | None:
        """The answer of the first time, when this time was refused. Looked for only then: its key cannot be stored
        twice, so a request that goes through was the first. Errors: IdempotencyKeyWasUsedForAnotherRequest;
        RequestIsInFlight where another process is about to answer; CandidateIsErased where the request was about a
        person who was erased since."""
        found = self._find(keyed)
        if found is None and isinstance(refused, AlreadyReceived):
            raise RequestIsInFlight from refused
        return found

    def _find(self, keyed: Keyed) -> Answer | None:
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
