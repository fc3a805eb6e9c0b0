"""A receipt says what was agreed to and how it stands, proves itself once it is sealed in the log, and prints."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from adapters import bootstrap
from adapters.postgres.proof.tree_rows import Proofs
from adapters.proof.note import open_checkpoint, read_verifier_key
from adapters.proof.tree import ProofDoesNotHold, leaf_hash, verify_inclusion
from adapters.settings import Settings
from adapters.web.services import Services
from tests.adapters.web.conftest import SECRETS, Post, problem

YEAR = datetime.now(UTC).year - 1  # a consent of then still holds, whenever this runs
MARCH, APRIL, MAY = (f"{YEAR}-{month:02}-01T09:00:00Z" for month in range(3, 6))
NOTICE = {"notice": "talent-pool", "notice_version": "3", "notice_sha256": "9f" * 32, "language": "en"}
HOSTILE = "<script>document.title = 'taken over'</script>"
"""A hostile text in a field that is shown."""


@pytest.fixture
def settings(key_path: Path, tmp_path: Path) -> Settings:
    return Settings(
        key_file=key_path, data_folder=tmp_path, zone="Europe/Berlin",
        inbound_secrets={"greenhouse": tuple(SecretStr(secret) for secret in SECRETS)},
        controller="Botanical Gardens Ltd", controller_contact="privacy@gardens.example",
    )  # fmt: skip


@pytest.fixture
def given(post: Post, candidate: UUID) -> dict[str, Any]:
    return post(f"/v1/candidates/{candidate}/consents", purpose="talent_pool", channels=["email", "text"],
                jurisdiction="de", method="web-form", evidence=HOSTILE, occurred_at=MARCH, **NOTICE)  # fmt: skip


@pytest.fixture
def path(given: dict[str, Any]) -> str:
    return f"/v1/consents/{given['events'][0]['id']}/receipt"


@pytest.fixture
def sequence(database: str, settings: Settings) -> Callable[[], int]:
    """Seals the log up to its head."""

    def sequence() -> int:
        with bootstrap.sequencer(database, settings) as sequencer:
            return sequencer.catch_up()

    return sequence


def test_a_receipt_has_the_fields_of_a_consent_record(
    client: httpx.Client, candidate: UUID, given: dict[str, Any], path: str
) -> None:
    answer = client.get(path).json()
    assert answer == answer | {
        "schema_version": "perennial-consent-receipt/1", "record_id": given["events"][0]["id"],
        "subject": str(candidate), "jurisdiction": "de", "channels": ["email", "text"], "lawful_basis": "consent",
        "controller": {"name": "Botanical Gardens Ltd", "contact": "privacy@gardens.example"},
        "purpose": {"code": "talent_pool", "iri": "https://w3id.org/dpv#PersonnelHiring"},
        "notice": {"id": "talent-pool", "version": "3", "sha256": "9f" * 32, "language": "en"},
        "collection": {"method": "web-form", "answered_by": "self", "recorded_by": "user:tester", "came_from": None,
                       "evidence": HOSTILE, "unreadable": False, "imported": False},
        "given_at": MARCH, "renews": None,
        "withdrawal": {"contact": "privacy@gardens.example",
                       "path": f"/v1/candidates/{candidate}/consents/talent_pool/withdraw"},
    }  # fmt: skip
    assert client.post(answer["withdrawal"]["path"], json={}).status_code == 200


def test_a_receipt_tells_what_became_of_each_channel(
    client: httpx.Client, post: Post, candidate: UUID, given: dict[str, Any], path: str
) -> None:
    consents = f"/v1/candidates/{candidate}/consents"
    renewed = post(consents, purpose="talent_pool", channels=["text"], occurred_at=APRIL)["events"][0]["id"]
    withdrawn = post(f"{consents}/talent_pool/withdraw", channels=["email"], occurred_at=MAY)["events"][0]["id"]
    post(f"{consents}/newsletter/refuse", channels=["email"])
    answer = client.get(path).json()
    assert [(consent["channel"], consent["status"], consent["event"]) for consent in answer["standing"]] == [
        ("email", "withdrawn", withdrawn), ("text", "given", renewed),
    ]  # fmt: skip
    assert [event["what"] for event in answer["history"]] == ["given", "renewed", "withdrawn"]
    assert client.get(f"/v1/consents/{renewed}/receipt").json()["renews"] == answer["record_id"]


def test_a_receipt_is_of_a_consent_and_of_nothing_else(
    client: httpx.Client, post: Post, candidate: UUID, path: str
) -> None:
    refused = post(f"/v1/candidates/{candidate}/consents/newsletter/refuse", channels=["email"])
    note = post(f"/v1/candidates/{candidate}/touchpoints", kind="note-written")
    job = post("/v1/requisitions")
    for event in (str(uuid4()), *(command["events"][0]["id"] for command in (refused, note, job))):
        for page in ("receipt", "receipt.html"):
            assert problem(client.get(f"/v1/consents/{event}/{page}")) == (404, "consent-does-not-exist")


def test_a_receipt_is_pending_until_the_log_is_sealed_and_then_proves_itself(
    client: httpx.Client, given: dict[str, Any], path: str, sequence: Callable[[], int], services: Services
) -> None:
    pending = client.get(path).json()["proof"]
    assert (pending["status"], pending["checkpoint"], pending["position"]) == ("pending", None, given["position"])
    sequence()
    proof = client.get(path).json()["proof"]
    assert (proof["status"], proof["position"]) == ("included", given["position"])
    key = Proofs(services.log.recorder.datastore).verifier_key()
    checkpoint = open_checkpoint(proof["checkpoint"], read_verifier_key(str(key)))
    hashes = [base64.b64decode(text) for text in proof["hashes"]]
    verify_inclusion(proof["leaf_index"], checkpoint.size, leaf_hash(proof["leaf"].encode()), hashes, checkpoint.root)
    with pytest.raises(ProofDoesNotHold):
        verify_inclusion(proof["leaf_index"], checkpoint.size, leaf_hash(b"{}"), hashes, checkpoint.root)
    assert given["events"][0]["id"] in proof["leaf"]


class Structure(HTMLParser):
    """What of a page matters to those who do not see it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def test_the_page_is_whole_in_itself_and_readable_without_its_style(client: httpx.Client, path: str) -> None:
    answer = client.get(f"{path}.html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Structure(answer.text)
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("title")) == len(page.named("h1")) == len(page.named("main")) == 1
    assert len(page.named("h2")) == 7
    assert {attributes["scope"] for attributes in page.named("th")} == {"row", "col"}
    assert page.named("script", "link", "img", "iframe", "form") == []
    assert not any(name in attributes for _, attributes in page.tags for name in ("src", "href", "style", "onclick"))
    (style,) = page.named("style")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'nonce-{style['nonce']}'" in policy
    other = Structure(client.get(f"{path}.html").text).named("style")
    assert other[0]["nonce"] != style["nonce"]
    assert re.search(r"url\(|@import", answer.text) is None
    assert HOSTILE not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_what_was_erased_says_so_on_the_page(client: httpx.Client, candidate: UUID, path: str, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select destroy_person_key(%s)", (candidate,))
    answer = client.get(path).json()
    assert (answer["collection"]["evidence"], answer["collection"]["unreadable"]) == (None, True)
    page = client.get(f"{path}.html").text
    assert '<th scope="row">Evidence</th><td>erased</td>' in page
    assert "document.title" not in page


def browse(folder: Path, url: str, *wanted: str) -> subprocess.CompletedProcess[str]:
    """Opens the page in a real browser."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "no `chromium` is on the PATH: install it, the printable page is tested in a browser"
    return subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={folder / 'browser'}", *wanted, url],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


@contextmanager
def shown_with_key(url: str, key: str) -> Iterator[str]:
    """A server beside ours that shows a browser, which has no key, what ours answers to this one, headers and all."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = httpx.get(f"{url}{self.path}", headers={"Authorization": f"Bearer {key}"}, verify=False)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Content-Security-Policy"):
                self.send_header(name, answer.headers.get(name, ""))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_browser_shows_and_prints_the_page(
    url: str, key: str, client: httpx.Client, path: str, sequence: Callable[[], int], tmp_path: Path
) -> None:
    sequence()
    with shown_with_key(url, key) as shown:
        seen = browse(tmp_path, f"{shown}{path}.html", "--dump-dom")
        printed = tmp_path / "receipt.pdf"
        browse(tmp_path, f"{shown}{path}.html", f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    assert "<h1>Consent receipt</h1>" in seen.stdout
    assert '<th scope="row">Controller</th><td>Botanical Gardens Ltd</td>' in seen.stdout
    assert "<title>Consent receipt" in seen.stdout, "no script has run"
    assert "Checkpoint" in seen.stdout
    assert "Content Security Policy" not in seen.stderr, "its own style is refused"
    assert printed.read_bytes().startswith(b"%PDF-")
    assert re.search(rb"/Type\s*/Page\b", printed.read_bytes())
