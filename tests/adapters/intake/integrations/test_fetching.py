"""What thin deliveries name is fetched from the configured host alone, and tried again where that fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError

import psycopg
import pytest
from psycopg.rows import dict_row

from adapters.intake.integrations.fetching import LEASE, MOST_TRIES, FetchAccess, Fetching, get_once
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.reconciling import Sweep
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.deliveries import Deliveries
from tests.adapters.intake.integrations.retelling import fetching_of, inbox_of, integration_of, vendor
from tests.adapters.intake.integrations.samples import NOW, SECRET, Samples, Sent, samples_of

LEVER, SMART = samples_of("lever"), samples_of("smartrecruiters")


@pytest.fixture
def inbox(log: EventLog, key_file: KeyFile) -> Inbox:
    return inbox_of(log, key_file)


def receive(inbox: Inbox, samples: Samples, sent: Sent) -> str:
    signed = samples.sign(sent, SECRET, NOW)
    return inbox.receive(integration_of(samples), [SECRET], signed.headers, signed.body, NOW).outcome


def delivery(database: str) -> dict[str, Any]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        (row,) = connection.execute(
            "select outcome, reason, fetch_tries, fetch_after is null as settled,"
            " fetch_after <= clock_timestamp() as due, body from delivery"
        ).fetchall()
    return row


def make_due(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("update delivery set fetch_after = clock_timestamp() where fetch_after is not null")


def failing(error: Exception) -> Callable[[str, Mapping[str, str]], bytes]:
    def get(_: str, __: Mapping[str, str]) -> bytes:
        raise error

    return get


def test_a_thin_delivery_waits_and_is_applied_once_fetched(inbox: Inbox, database: str) -> None:
    sent = LEVER.story(1).sent[0]
    assert receive(inbox, LEVER, sent) == "waiting"
    waiting = delivery(database)
    assert (waiting["reason"], waiting["due"]) == ("not-fetched-yet", True)
    fetching = fetching_of(inbox, LEVER, vendor(sent))
    assert (fetching.look(), fetching.look()) == (1, 0)
    assert delivery(database)["outcome"] == "applied"


def test_two_workers_take_it_once(inbox: Inbox, database: str) -> None:
    receive(inbox, LEVER, LEVER.story(1).sent[0])
    taken = [inbox.log.deliveries.take_to_fetch(["lever"], 10, LEASE) for _ in range(2)]
    assert [len(deliveries) for deliveries in taken] == [1, 0]
    make_due(database)
    assert len(inbox.log.deliveries.take_to_fetch(["lever"], 10, LEASE)) == 1, "after the lease another one takes it"


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionRefusedError(),
        ValueError("it is too large"),
        HTTPError("https://vendor.example", 503, "busy", Message(), None),
        HTTPError("https://vendor.example", 401, "no", Message(), None),
    ],
    ids=["timeout", "refused", "too-large", "busy", "no-access"],
)
def test_a_fetch_that_fails_is_tried_again_and_then_kept(inbox: Inbox, database: str, error: Exception) -> None:
    sent = LEVER.story(1).sent[0]
    receive(inbox, LEVER, sent)
    for tries in range(1, MOST_TRIES):
        assert fetching_of(inbox, LEVER, failing(error)).look() == 1
        row = delivery(database)
        assert (row["outcome"], row["fetch_tries"], row["due"]) == ("waiting", tries, False)
        make_due(database)
    fetching_of(inbox, LEVER, failing(error)).look()
    row = delivery(database)
    assert (row["outcome"], row["reason"], row["settled"]) == ("kept", "could-not-be-fetched", True)
    assert fetching_of(inbox, LEVER, failing(error)).look() == 0


def test_reconcile_has_it_fetched_for_again(inbox: Inbox, log: EventLog, database: str) -> None:
    sent = SMART.story(1).sent[0]
    receive(inbox, SMART, sent)
    for _ in range(MOST_TRIES):
        make_due(database)
        fetching_of(inbox, SMART, failing(TimeoutError())).look()
    sweep = Sweep(inbox, log, inbox.verbs, Deliveries(log.recorder.datastore), log.open_delivery, lambda: NOW)
    assert [swept.outcome for swept in sweep.sweep(SMART.integration)] == ["kept"]
    assert (delivery(database)["outcome"], delivery(database)["reason"]) == ("waiting", "not-fetched-yet")
    fetching_of(inbox, SMART, vendor(sent)).look()
    assert delivery(database)["outcome"] == "applied"


@pytest.mark.parametrize(
    "link", ["http://vendor.example/jobs/1", "https://vendor.example.evil/jobs/1", "//evil.example/1", "https://evil/1"]
)
def test_a_link_to_another_host_is_not_followed(inbox: Inbox, database: str, link: str) -> None:
    sent = next(sent for sent in SMART.story(1).sent if sent.headers["event-name"] == "application.created")
    elsewhere = Sent(sent.body, {**sent.headers, "link": f"<{link}>; rel=self"}, sent.fetched)
    receive(inbox, SMART, elsewhere)
    urls: list[str] = []

    def get(url: str, _: Mapping[str, str]) -> bytes:
        urls.append(url)
        return b"{}"

    fetching_of(inbox, SMART, get).look()
    assert urls == []
    assert (delivery(database)["outcome"], delivery(database)["reason"]) == ("kept", "link-leads-elsewhere")


def test_what_is_gone_there_is_kept_with_the_reason(inbox: Inbox, database: str) -> None:
    sent = LEVER.story(1).sent[0]
    receive(inbox, LEVER, sent)
    fetching_of(inbox, LEVER, failing(HTTPError("https://vendor.example", 404, "gone", Message(), None))).look()
    assert (delivery(database)["outcome"], delivery(database)["reason"]) == ("kept", "opportunity-is-missing")


def test_a_delivery_that_was_emptied_meanwhile_is_not_filled_again(inbox: Inbox, database: str) -> None:
    sent = LEVER.story(1).sent[0]
    receive(inbox, LEVER, sent)

    def get(url: str, headers: Mapping[str, str]) -> bytes:
        with psycopg.connect(database) as connection:
            connection.execute("update delivery set body = ''")
        return vendor(sent)(url, headers)

    fetching_of(inbox, LEVER, get).look()
    assert (delivery(database)["outcome"], delivery(database)["body"]) == ("kept", b"")


@contextmanager
def serving(answers: Mapping[str, Any], seen: list[tuple[str, str | None]]) -> Iterator[str]:
    """A vendor on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers["X-SmartToken"]))
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/jobs/1")
                self.end_headers()
                return
            body = json.dumps(answers[self.path]).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_over_http_the_token_is_shown_and_no_redirect_is_followed(inbox: Inbox, database: str) -> None:
    story, seen = SMART.story(1), list[tuple[str, str | None]]()
    sent = story.sent[0]
    with serving(sent.fetched, seen) as base:
        receive(inbox, SMART, sent)
        access = {"smartrecruiters": FetchAccess(base, "a token")}
        integrations = {"smartrecruiters": SMART.integration}
        assert Fetching(inbox, integrations, access, lambda: datetime.now(UTC)).look() == 1
        assert delivery(database)["outcome"] == "applied"
        assert seen == [(f"/jobs/{story.jobs[0]}", "a token")]
        with pytest.raises(HTTPError):
            get_once(f"{base}/moved", {})
        with pytest.raises(ValueError, match="https"):
            get_once("http://vendor.example/", {})
