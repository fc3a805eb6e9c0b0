"""The endpoints about proofs: checkpoints, tiles, inclusion and consistency proofs, and audit bundles."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, cast
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from adapters.access.policy import Action
from adapters.postgres.proof.bundle_rows import BundleRows, Opening
from adapters.postgres.proof.bundling import Bundle, Bundling, CheckpointIsNotOurs, NothingIsSignedYet, batches
from adapters.postgres.proof.tree_rows import Inclusion, Pending, Proofs
from adapters.proof.bundle import Opened, texts, written
from adapters.proof.leaf import StoredRow, clear_bytes, leaf_bytes
from adapters.proof.tree import TILE_WIDTH
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import STREAM
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.refusals import (
    BundleIsOfOneThing,
    CheckpointWasNotPublished,
    EventDoesNotExist,
    ProofIsPending,
    SizeWasNotSigned,
    TileDoesNotExist,
)
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Whole
from adapters.web.services import Services
from commands.log import Log
from domain.candidate import CANDIDATE, ENTRIES, CandidateDoesNotExist

HEADING = "c2sp.org/tlog-proof@v1"
PLACE = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
"""The part of a path of C2SP tlog-tiles after the level: the index in groups of three digits, and the width of a
partial tile."""
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DEEPEST = 7
PIECE = 1 << 16
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
FromSize = Annotated[Whole, Query(alias="from", ge=1, le=2**53, description="The older number of events.")]
ToSize = Annotated[Whole, Query(ge=1, le=2**53, description="The newer number of events.")]


@dataclass(frozen=True, slots=True)
class Consistency:
    """The consistency proof (RFC 6962) that the tree of `to_size` events extends the tree of `from_size` events.

    `hashes`: in base64, from the older root to the newer.
    """

    from_size: int
    to_size: int
    hashes: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenedPart:
    """A decrypted part of an event. `salt`: in base64.

    The SHA-256 of "perennial/pt-commit/v1", the salt and the plaintext, concatenated, is the commitment in the leaf.
    """

    person: UUID
    group: str
    salt: str
    plaintext: str


@dataclass(frozen=True, slots=True)
class EventOpening:
    """The content of one event, for a verifier without keys.

    `leaf`: the text of its leaf. `index`: the index of the leaf; null until it has one. `clear`: its clear data.
    `opened`: its sealed parts whose person keys exist. `erased`: how many parts can no longer be decrypted.
    """

    event: UUID
    index: int | None
    leaf: str
    clear: str
    opened: Sequence[OpenedPart]
    erased: int


@dataclass(frozen=True, slots=True)
class OlderCheckpoint:
    """An older checkpoint, and the proof that the bundle's tree extends its tree."""

    note: str
    proof: Sequence[str]


@dataclass(frozen=True, slots=True)
class BundledRecord:
    """One of a candidate's records, and its number of events."""

    record: UUID
    events: int


@dataclass(frozen=True, slots=True)
class BundledRange:
    """The first leaf of a range, and the roots (base64) of the full subtrees before it."""

    first: int
    prefix: Sequence[str]


@dataclass(frozen=True, slots=True)
class AuditBundle:
    """An audit bundle; docs/audit.md explains every member. `candidate` and `records` are null if it is of a `range`.

    An entry has the `index` of its leaf, the leaf's text, the clear data and, in a candidate's bundle, its `proof`.
    Each event is a line, so that a reader can process it line by line.
    """

    format: str
    origin: str
    verifier_key: str
    checkpoint: str
    checkpoints: Sequence[OlderCheckpoint]
    candidate: UUID | None
    records: Sequence[BundledRecord] | None
    range: BundledRange | None
    entries: Sequence[Mapping[str, Any]]


HASH = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
CHECKPOINT = f"""perennial-log/0198f3a0-7c1e-7000-8000-00000000a009
1204
{HASH}

— perennial-log/0198f3a0-7c1e-7000-8000-00000000a009 1f2e3d4cmJirIklj...
"""
LOG_KEY = "perennial-log/0198f3a0-7c1e-7000-8000-00000000a009+1f2e3d4c+AQ...="
BUNDLE: Mapping[str, Any] = {
    "format": "perennial-bundle/1",
    "origin": "perennial-log/0198f3a0-7c1e-7000-8000-00000000a009",
    "verifier_key": LOG_KEY,
    "checkpoint": CHECKPOINT,
    "checkpoints": [],
    "candidate": STREAM,
    "records": [{"record": STREAM, "events": 1}],
    "range": None,
    "entries": [{"index": 1203, "leaf": '{"actor":"user:ana", ...}', "clear": {"fact": "skill"}, "proof": [HASH]}],
}


class ProofEndpoints:
    """The endpoints about proofs."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.proofs = Proofs(services.log.recorder.datastore)
        self.rows = BundleRows(services.log.recorder.datastore)

    def log_checkpoint(self) -> Response:
        """Return the newest signed checkpoint, a C2SP note: origin, size and root of the log, and our signature.

        Keep it: with an older checkpoint you can verify that nothing before it was rewritten.
        """
        latest = self.proofs.latest()
        if latest is None:
            raise ProofIsPending
        return text(latest.note)

    def log_key(self) -> Response:
        """Return the public key of the checkpoints' signatures. Compare it with one from another source."""
        key = self.proofs.verifier_key()
        if key is None:
            raise ProofIsPending
        return text(f"{key}\n")

    def log_tile(self, level: Whole, path: str) -> Response:
        """Return a tile of the Merkle tree, as concatenated hashes.

        Its path is that of C2SP tlog-tiles, such as 0/x001/234, or 1/000.p/17 for a partial tile.
        """
        place = PLACE.fullmatch(path)
        if place is None or not 0 <= level <= DEEPEST or len(path) > 64:
            raise TileDoesNotExist
        index, width = int(place[1].replace("x", "").replace("/", "")), int(place[2] or TILE_WIDTH)
        data = self.proofs.tile(level, index, width) if index < 2**53 and width <= TILE_WIDTH else None
        if data is None:
            raise TileDoesNotExist
        return Response(data, headers=FOR_EVER, media_type="application/octet-stream")

    def log_consistency(self, from_: FromSize, to: ToSize) -> Answered[Consistency]:
        """Return the proof that the newer log extends the older one, so that nothing was rewritten."""
        latest = self.proofs.latest()
        if latest is None:
            raise ProofIsPending
        if not from_ <= to <= latest.size:
            raise SizeWasNotSigned(size=max(from_, to), newest=latest.size)
        return answered(Consistency(from_, to, texts(self.proofs.consistency(from_, to))))

    def event_proof(self, event: UUID) -> Response:
        """Return the proof that the log contains an event, in C2SP tlog-proof form.

        It has the index of the event's leaf, the hashes from it to the root, and the newest checkpoint. It is pending
        for some seconds after the event was recorded.
        """
        return text(proof_text(self._inclusion(event)))

    def event_opening(self, event: UUID, who: Who) -> Answered[EventOpening]:
        """Return the content that an event's leaf is the hash of, decrypted unless erased. The access is recorded."""
        leaf = self.rows.of_event(event)
        if leaf is None:
            raise EventDoesNotExist(event=event)
        index, row = leaf
        opened = Opening(self.services.log).opened(row)
        shown = {UUID(part.person) for part in opened} | candidates_in(self.services.log, row)
        self.services.readings.viewed(who, "event-opening", shown)
        return answered(
            EventOpening(
                event=event,
                index=index,
                leaf=leaf_bytes(row, self.proofs.origin()).decode(),
                clear=clear_bytes(row.clear).decode(),
                opened=[part_of(part) for part in opened],
                erased=len(json.loads(row.state)) - len(opened),
            )
        )

    def audit_bundle(
        self,
        who: Who,
        candidate: Annotated[UUID | None, Query(description="All records of this person.")] = None,
        since: Annotated[
            Whole | None, Query(ge=0, le=2**53, description="Every event after this position; 0: the whole log.")
        ] = None,
        from_size: Annotated[
            Whole | None,
            Query(ge=1, le=2**53, description="The size of a checkpoint that you hold; the bundle must extend it."),
        ] = None,
    ) -> Answered[AuditBundle]:
        """Return an audit bundle: events with all that is needed to verify them offline, such as by `perennial verify`.

        In a candidate's bundle each event has its proof. In a bundle of all events after a position, the signed root is
        computed from the events, so that none can be missing. A bundle has clear data only. The export is recorded.
        """
        held = () if from_size is None else (from_size,)
        bundling = Bundling(self.proofs, self.rows)
        bundle = bundle_of(bundling, candidate, since, held)
        for some in batches(bundle.people):
            self.services.readings.exported(who, "audit-bundle", some, ("proofs", "clear"))
        lines = in_pieces(written(bundle.header, bundle.entries))
        streamed: Any = StreamingResponse(lines, media_type="application/json")  # an AuditBundle, written in pieces
        return cast("Answered[AuditBundle]", streamed)

    def _inclusion(self, event: UUID) -> Inclusion:
        inclusion = self.proofs.inclusion(event)
        if inclusion is None:
            raise EventDoesNotExist(event=event)
        if isinstance(inclusion, Pending):
            raise ProofIsPending
        return inclusion

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/audit/bundles",
            Action.AUDIT,
            audit_bundle,
            example=BUNDLE,
            raises=(BundleIsOfOneThing, CandidateDoesNotExist, CheckpointWasNotPublished, ProofIsPending),
        ),
        Endpoint(
            "GET",
            "/v1/log/checkpoint",
            Action.READ_PROOFS,
            log_checkpoint,
            example=CHECKPOINT,
            raises=(ProofIsPending,),
            media_type="text/plain",
        ),
        Endpoint(
            "GET",
            "/v1/log/key",
            Action.READ_PROOFS,
            log_key,
            example=LOG_KEY,
            raises=(ProofIsPending,),
            media_type="text/plain",
        ),
        Endpoint(
            "GET",
            "/v1/log/tile/{level}/{path:path}",
            Action.READ_PROOFS,
            log_tile,
            example="(hashes of 32 bytes, side by side)",
            raises=(TileDoesNotExist,),
            media_type="application/octet-stream",
        ),
        Endpoint(
            "GET",
            "/v1/log/consistency",
            Action.READ_PROOFS,
            log_consistency,
            example={"from_size": 1000, "to_size": 1204, "hashes": [HASH]},
            raises=(SizeWasNotSigned, ProofIsPending),
        ),
        Endpoint(
            "GET",
            "/v1/events/{event}/proof",
            Action.READ_PROOFS,
            event_proof,
            example=f"c2sp.org/tlog-proof@v1\nindex 1203\n{HASH}\n\n{CHECKPOINT}",
            raises=(EventDoesNotExist, ProofIsPending),
            media_type="text/plain",
        ),
        Endpoint(
            "GET",
            "/v1/events/{event}/content",
            Action.READ_EVENTS,
            event_opening,
            example={"index": 1203, "leaf": '{"actor":"user:ana", ...}', "clear": '{"fact":"skill", ...}'},
            raises=(EventDoesNotExist,),
        ),
    )


def bundle_of(bundling: Bundling, candidate: UUID | None, since: int | None, held: Sequence[int]) -> Bundle:
    """Return the bundle of a candidate, or of all events after a position.

    Errors: BundleIsOfOneThing, ProofIsPending, CheckpointWasNotPublished, CandidateDoesNotExist.
    """
    try:
        if candidate is not None and since is None:
            return bundling.of_candidate(candidate, held)
        if since is not None and candidate is None:
            return bundling.since(since, held)
    except NothingIsSignedYet as error:
        raise ProofIsPending from error
    except CheckpointIsNotOurs as error:
        raise CheckpointWasNotPublished(size=error.size, newest=error.newest) from error
    raise BundleIsOfOneThing


def text(content: str) -> Response:
    return Response(content, media_type="text/plain; charset=utf-8")


def proof_text(inclusion: Inclusion) -> str:
    """Return the proof as C2SP writes it: heading, index, hashes, and after an empty line the signed checkpoint."""
    lines = [HEADING, f"index {inclusion.index}", *texts(inclusion.hashes), "", inclusion.checkpoint.note]
    return "\n".join(lines)


def candidates_in(log: Log, row: StoredRow) -> set[UUID]:
    """Return the candidates that an event is about or names in clear: its reader sees them, even if all is erased."""
    named = {UUID(row.stream), *ids_in(json.loads(row.clear))}
    loaded = log.load_all(dict.fromkeys(named, (CANDIDATE, frozenset(ENTRIES))))
    return {record for record, loaded_record in loaded.items() if loaded_record.state.exists}


def ids_in(value: Any) -> Iterator[UUID]:
    """Yield every id among the values, at any depth."""
    if isinstance(value, str) and ID.fullmatch(value):
        yield UUID(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from ids_in(item)


def part_of(opened: Opened) -> OpenedPart:
    salt = base64.b64encode(opened.salt).decode()
    return OpenedPart(UUID(opened.person), opened.group, salt, opened.plaintext)


def in_pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield the lines in pieces of 64 KiB: each piece costs a round of the event loop."""
    held = bytearray()
    for line in lines:
        held += line.encode()
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)
