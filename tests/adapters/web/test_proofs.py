"""Proofs over HTTP: what they prove is checked here with the bundle's verifier, the tree's rules and Go."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters import bootstrap
from adapters.access.policy import Role
from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.bundle_verification import Held, verify
from adapters.proof.dispatch_rule import DispatchRule
from adapters.proof.leaf import COMMITMENT_DOMAIN
from adapters.proof.logged_event import LoggedEvent
from adapters.proof.note import Checkpoint, open_checkpoint, read_verifier_key
from adapters.proof.report import on_dispatches
from adapters.proof.tree import leaf_hash, root_of_full, verify_consistency, verify_inclusion
from adapters.settings import Settings
from tests.adapters.web.conftest import ClientAs, Post, problem

Sequence = Callable[[], int]


@pytest.fixture
def sequence(database: str, settings: Settings) -> Sequence:
    """Gives every event its leaf and signs the log up to its head."""

    def sequence() -> int:
        with bootstrap.sequencer(database, settings) as sequencer:
            return sequencer.catch_up()

    return sequence


@pytest.fixture
def wrote_to(post: Post, candidate: UUID) -> UUID:
    """The candidate consented, and was written to."""
    post(
        f"/v1/candidates/{candidate}/consents", purpose="talent_pool", channels=["email"], jurisdiction="pt",
        notice="pool", notice_version="3", language="pt", method="web-form", evidence="form 17",
    )  # fmt: skip
    post(f"/v1/candidates/{candidate}/sends", kind="email-sent", note="about the spring")
    return candidate


def signed(client: httpx.Client) -> Checkpoint:
    key = read_verifier_key(client.get("/v1/log/key").text)
    return open_checkpoint(client.get("/v1/log/checkpoint").text, key)


def verified(bundle: bytes) -> tuple[DispatchRule, list[LoggedEvent], bool]:
    rule, events = DispatchRule(), list[LoggedEvent]()

    def hear(event: LoggedEvent) -> None:
        rule.hear(event)
        events.append(event)

    verdict = verify(io.BytesIO(bundle), Held(), hear)
    return rule, events, on_dispatches(verdict, rule)[0]


@pytest.mark.parametrize(
    "path",
    ["/v1/log/checkpoint", "/v1/log/key", "/v1/log/consistency?from=1&to=2", "POST /v1/audit/bundles?since=0"],
)
def test_before_anything_is_signed_proofs_are_pending(client: httpx.Client, path: str) -> None:
    method, _, path = path.rpartition(" ")
    answer = client.request(method or "GET", path)
    assert problem(answer) == (409, "proof-is-pending")
    assert answer.headers["Retry-After"] == "1"


def test_a_proof_is_pending_until_a_checkpoint_covers_the_event(
    client: httpx.Client, post: Post, candidate: UUID, sequence: Sequence
) -> None:
    written = post(f"/v1/candidates/{candidate}/profile-facts", fact="skill", value="roses", learned_from="self")
    path = f"/v1/events/{written['events'][0]['id']}/proof"
    assert problem(client.get(path)) == (409, "proof-is-pending")
    assert problem(client.post(f"/v1/audit/bundles?candidate={candidate}")) == (409, "proof-is-pending")
    sequence()
    assert client.get(path).status_code == 200


def test_an_event_is_proved_and_opened(client: httpx.Client, post: Post, candidate: UUID, sequence: Sequence) -> None:
    written = post(f"/v1/candidates/{candidate}/profile-facts", fact="skill", value="roses", learned_from="self")
    event = written["events"][0]["id"]
    sequence()
    heading, index, *hashes = client.get(f"/v1/events/{event}/proof").text.partition("\n\n")[0].split("\n")
    opening, checkpoint = client.get(f"/v1/events/{event}/content").json(), signed(client)
    assert (heading, index) == ("c2sp.org/tlog-proof@v1", f"index {opening['index']}")
    decoded = [base64.b64decode(text) for text in hashes]
    leaf = leaf_hash(opening["leaf"].encode())
    verify_inclusion(opening["index"], checkpoint.size, leaf, decoded, checkpoint.root)
    leaf_content = json.loads(opening["leaf"])
    assert leaf_content["clear_sha256"] == hashlib.sha256(opening["clear"].encode()).hexdigest()
    (part,) = opening["opened"]
    bound = COMMITMENT_DOMAIN + base64.b64decode(part["salt"]) + part["plaintext"].encode()
    assert hashlib.sha256(bound).hexdigest() == leaf_content["parts"][0]["commitment"]
    assert json.loads(part["plaintext"]) == {"value": "roses"}
    assert (opening["event"], opening["erased"]) == (event, 0)


def test_of_an_event_that_does_not_exist_there_is_nothing(client: httpx.Client) -> None:
    for what in ("proof", "content"):
        assert problem(client.get(f"/v1/events/{uuid4()}/{what}")) == (404, "event-does-not-exist")


def test_tiles_lead_to_the_signed_root(client: httpx.Client, wrote_to: UUID, sequence: Sequence) -> None:
    sequence()
    checkpoint = signed(client)
    tile = client.get(f"/v1/log/tile/0/000.p/{checkpoint.size}")
    assert tile.headers["content-type"] == "application/octet-stream"
    assert len(tile.content) == 32 * checkpoint.size
    full = 1 << checkpoint.size.bit_length() - 1
    proof = client.get(f"/v1/log/consistency?from={full}&to={checkpoint.size}").json()
    hashes = [base64.b64decode(text) for text in proof["hashes"]]
    verify_consistency(full, root_of_full(tile.content[: 32 * full]), checkpoint.size, checkpoint.root, hashes)


@pytest.mark.parametrize("path", ["0/000", "0/000.p/200", "0/000.p/0", "0/7", "9/000", "-1/000", "0/x001/000", "0/a/b"])
def test_a_tile_that_there_is_not(client: httpx.Client, wrote_to: UUID, sequence: Sequence, path: str) -> None:
    sequence()
    assert problem(client.get(f"/v1/log/tile/{path}")) == (404, "tile-does-not-exist")


@pytest.mark.parametrize("query", ["from=2&to=1", "from=1&to=4000"])
def test_sizes_that_were_not_signed(client: httpx.Client, wrote_to: UUID, sequence: Sequence, query: str) -> None:
    sequence()
    assert problem(client.get(f"/v1/log/consistency?{query}")) == (422, "size-was-not-signed")


def test_a_size_of_zero_is_refused(client: httpx.Client) -> None:
    assert problem(client.get("/v1/log/consistency?from=0&to=1")) == (422, "request-is-malformed")


def test_bundles_hold_and_tell_who_took_them(
    client_as: ClientAs, client: httpx.Client, wrote_to: UUID, sequence: Sequence, log: Any
) -> None:
    sequence()
    auditor = client_as(Role.AUDITOR)
    rule, events, proved = verified(auditor.post(f"/v1/audit/bundles?candidate={wrote_to}").content)
    assert ({event.stream for event in events}, rule.dispatches, proved) == ({str(wrote_to)}, 1, True)
    rule, events, proved = verified(auditor.post("/v1/audit/bundles?since=0").content)
    assert (events[0].position, rule.dispatches, proved) == (1, 1, True)
    sequence()
    _, later, _ = verified(auditor.post(f"/v1/audit/bundles?since={events[-1].position}").content)
    taken = [event for event in later if event.type == "people-exported.v1"]
    assert [(export.actor, export.clear["people"], export.clear["holds"]) for export in taken] == [
        ("user:one-auditor", [str(wrote_to)], ["proofs", "clear"]),
        ("user:one-auditor", [str(wrote_to)], ["proofs", "clear"]),
    ]


def test_a_bundle_leads_on_from_the_checkpoint_that_was_asked_for(
    client: httpx.Client, post: Post, wrote_to: UUID, sequence: Sequence
) -> None:
    sequence()
    held = client.get("/v1/log/checkpoint").text
    size = signed(client).size
    post(f"/v1/candidates/{wrote_to}/touchpoints", kind="email-replied", reported_by="mailer")
    sequence()
    bundle = client.post(f"/v1/audit/bundles?candidate={wrote_to}&from_size={size}").content
    assert verify(io.BytesIO(bundle), Held(checkpoint=held), lambda _: None).held == size
    without = client.post(f"/v1/audit/bundles?candidate={wrote_to}&from_size={size + 1000}")
    assert problem(without) == (422, "checkpoint-was-not-published")
    assert without.json()["where"] == "from_size"


@pytest.mark.parametrize("query", ["", f"?candidate={UUID(int=7)}&since=0"])
def test_a_bundle_is_of_one_thing(client: httpx.Client, wrote_to: UUID, sequence: Sequence, query: str) -> None:
    sequence()
    assert problem(client.post(f"/v1/audit/bundles{query}")) == (422, "bundle-is-of-one-thing")


def test_an_unknown_candidate_has_no_bundle(client: httpx.Client, wrote_to: UUID, sequence: Sequence) -> None:
    sequence()
    assert problem(client.post(f"/v1/audit/bundles?candidate={uuid4()}")) == (404, "candidate-does-not-exist")


def test_proofs_made_before_an_erasure_hold_after_it(
    client: httpx.Client, post: Post, wrote_to: UUID, sequence: Sequence
) -> None:
    sequence()
    before = client.post(f"/v1/audit/bundles?candidate={wrote_to}").content
    events = [entry.event for entry in verified(before)[1]]
    proofs = [client.get(f"/v1/events/{event}/proof").text for event in events]
    held = client.get("/v1/log/checkpoint").text
    erased = client.post(f"/v1/candidates/{wrote_to}/erase", json={"by": "self", "ground": "gdpr-17"})
    assert erased.status_code in (200, 201, 202), erased.text
    sequence()
    assert [entry.event for entry in verified(before)[1]] == events
    size = read_size(held)
    after = client.post(f"/v1/audit/bundles?candidate={wrote_to}&from_size={size}").content
    extended = verified(after)[1]
    assert [entry.event for entry in extended[: len(events)]] == events
    assert verify(io.BytesIO(after), Held(checkpoint=held), lambda _: None).held == size
    openings = [client.get(f"/v1/events/{event}/content").json() for event in events]
    assert all(opening["opened"] == [] for opening in openings)
    assert sum(opening["erased"] for opening in openings) >= 3
    key = read_verifier_key(client.get("/v1/log/key").text)
    for proof, opening in zip(proofs, openings, strict=True):  # the old proofs, and the leaf as it is made now
        lines, _, note = proof.partition("\n\n")
        hashes = [base64.b64decode(line) for line in lines.split("\n")[2:]]
        checkpoint = open_checkpoint(note, key)
        leaf = leaf_hash(opening["leaf"].encode())
        verify_inclusion(opening["index"], checkpoint.size, leaf, hashes, checkpoint.root)


def read_size(note: str) -> int:
    return int(note.split("\n")[1])


def test_a_bundle_that_breaks_off_is_not_believed(client: httpx.Client, wrote_to: UUID, sequence: Sequence) -> None:
    sequence()
    whole = client.post("/v1/audit/bundles?since=0").content
    for end in (len(whole) - 1, len(whole) - 3, len(whole) // 2):
        with pytest.raises(BundleDoesNotHold):
            verified(whole[:end])
