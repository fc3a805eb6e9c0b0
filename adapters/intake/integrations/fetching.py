"""Fetches what thin deliveries only name, after they were answered, from the configured host of each vendor."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

from adapters.intake.integrations.inbound import Fetch, Inbox, Integration, object_in
from adapters.intake.strict_json import JsonCannotBeRead, read_json
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.tables.deliveries import DeliveryToFetch
from adapters.runtime.fetch import fetched
from domain.event import Erased

LOGGER = logging.getLogger(__name__)
AT_ONCE = 50
"""Deliveries that one look fetches for, at most."""
LEASE = timedelta(minutes=5)
"""For how long a delivery is left to the worker that took it."""
SECONDS, MOST_BYTES, MOST_ROUNDS = 20.0, 5 * 1024 * 1024, 4
FIRST_PAUSE, LONGEST_PAUSE, MOST_TRIES = timedelta(minutes=1), timedelta(hours=6), 16
"""A failed fetch is tried again after 1, 2, 4 ... minutes, then every 6 hours: for about two days."""
COULD_NOT_BE_FETCHED = "could-not-be-fetched"
LEADS_ELSEWHERE = "link-leads-elsewhere"
GONE = (404, 410)

Get = Callable[[str, Mapping[str, str]], bytes]
"""(URL, headers) -> the answer's body. Errors: OSError, ValueError, HTTPException."""


def get_once(url: str, headers: Mapping[str, str]) -> bytes:
    return fetched(url, SECONDS, MOST_BYTES, headers)


@dataclass(frozen=True, slots=True)
class FetchAccess:
    """The address of a vendor's API, such as https://api.lever.co, and the token for it."""

    base: str
    token: str


class LinkLeadsElsewhere(Exception):
    """A delivery names a URL that is not of the configured host. Nothing is fetched from there."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches for the deliveries of the integrations to which there is access, and applies them.

    Several workers, in several processes, take different deliveries. A worker that dies leaves its deliveries to the
    next one after LEASE.
    """

    inbox: Inbox
    integrations: Mapping[str, Integration]
    access: Mapping[str, FetchAccess]
    now: Callable[[], datetime]
    get: Get = get_once

    def look(self) -> int:
        """Fetch for what is due, and return how many deliveries that were."""
        due = self.inbox.log.deliveries.take_to_fetch(list(self.access), AT_ONCE, LEASE)
        for delivery in due:
            self.fetch(delivery)
        return len(due)

    def fetch(self, delivery: DeliveryToFetch) -> None:
        """Fetch what the delivery names and apply it. A fetch that fails is tried again later."""
        integration, deliveries = self.integrations[delivery.source], self.inbox.log.deliveries
        opened = self.inbox.log.open_delivery(delivery.source, delivery.delivery_id, delivery.body)
        document = None if isinstance(opened, Erased) else object_in(opened)
        if document is None or integration.fetch is None:
            return  # its person's erasure is at work, and empties it
        try:
            whole = document.json | {"fetched": self.named_by(integration, document.json)}
            sealed = self.inbox.keep_fetched(integration, delivery, json.dumps(whole).encode())
        except LinkLeadsElsewhere:
            deliveries.give_up_fetching(delivery, LEADS_ELSEWHERE)
        except PersonWasErased:
            return
        except (OSError, ValueError, HTTPException, JsonCannotBeRead) as error:
            self.try_again(delivery, error)
        else:
            if sealed is not None:
                touched = self.inbox.retry(integration, delivery.fetched(sealed), self.now())
                self.inbox.follow(integration, touched, self.now())

    def try_again(self, delivery: DeliveryToFetch, error: Exception) -> None:
        """Leave the delivery to a later look; after the last try it is kept, for `reconcile`."""
        LOGGER.warning("a delivery of %s could not be fetched for: %s", delivery.source, type(error).__name__)
        if delivery.fetch_tries >= MOST_TRIES:
            self.inbox.log.deliveries.give_up_fetching(delivery, COULD_NOT_BE_FETCHED)
        else:
            pause = min(FIRST_PAUSE * 2 ** (delivery.fetch_tries - 1), LONGEST_PAUSE)
            self.inbox.log.deliveries.fetch_later(delivery, pause)

    def named_by(self, integration: Integration, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the delivery names, by name; None for what is gone there. What is fetched may name more."""
        answers: dict[str, Any] = {}
        fetch, access = integration.fetch, self.access[integration.name]
        if fetch is None:
            return answers
        for _ in range(MOST_ROUNDS):
            wanted = {name: path for name, path in fetch.paths(document, answers).items() if name not in answers}
            answers |= {name: self.answer(fetch, access, path) for name, path in wanted.items()}
        return answers

    def answer(self, fetch: Fetch, access: FetchAccess, path: str) -> Any:
        """Return the JSON at the path, or at a URL of the configured host. Errors: LinkLeadsElsewhere, OSError,
        ValueError, HTTPException, JsonCannotBeRead."""
        url = urljoin(access.base, path)
        if urlsplit(url)[:2] != urlsplit(access.base)[:2]:
            raise LinkLeadsElsewhere
        try:
            return read_json(self.get(url, fetch.headers(access.token)), halves=True, constant=lambda _: None)
        except HTTPError as error:
            if error.code in GONE:
                return None
            raise

    def run(self, stop: threading.Event) -> None:
        """Fetch for all that is due, until it is to stop."""
        while self.look() == AT_ONCE and not stop.is_set():
            pass
