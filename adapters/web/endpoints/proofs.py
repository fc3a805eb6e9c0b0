"""The proofs over HTTP: what is signed, what leads to it, and bundles to take away."""

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
"""What C2SP tlog-tiles writes after the level: groups of three digits, and how wide a tile is that is not full."""
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DEEPEST = 7
PIECE = 1 << 16
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
FromSize = Annotated[Whole, Query(alias="from", ge=1, le=2**53, description="The older number of events.")]
ToSize = Annotated[Whole, Query(ge=1, le=2**53, description="The newer number of events.")]


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the tree of `to_size` events begins with the whole tree of `from_size`: `hashes` (base64) lead from one root
    to the other, as RFC 6962 has it."""

    from_size: int
    to_size: int
    hashes: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenedPart:
    """A sealed part laid open: SHA-256 of "perennial/pt-commit/v1", the salt (base64) and the plaintext, one after the
    other, is the commitment in the leaf."""

    person: UUID
    group: str
    salt: str
    plaintext: str


@dataclass(frozen=True, slots=True)
class EventOpening:
    """One event for somebody without its keys: the text of its leaf, its clear data, and its sealed parts as far as
    their people's keys live. `index`: which leaf it is; null while it has none. `erased`: how many parts nobody opens.
    """

    event: UUID
    index: int | None
    leaf: str
    clear: str
    opened: Sequence[OpenedPart]
    erased: int


@dataclass(frozen=True, slots=True)
class OlderCheckpoint:
    """A checkpoint signed before, and the hashes which show that the bundle's tree extends its tree."""

    note: str
    proof: Sequence[str]


@dataclass(frozen=True, slots=True)
class BundledRecord:
    """One of a candidate's records, and how many events it has."""

    record: UUID
    events: int


@dataclass(frozen=True, slots=True)
class BundledRange:
    """Where a range begins, and the roots (base64) of the full subtrees before it."""

    first: int
    prefix: Sequence[str]


@dataclass(frozen=True, slots=True)
class AuditBundle:
    """A bundle; docs/audit.md has every member. `candidate` and `records` are null where it is of a `range`.

    An entry has the `index` of its leaf, the leaf's text, the clear data, and in a candidate's bundle its `proof`.
    It is written a line an event, so that nobody has to hold it at once.
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
        """The newest signed checkpoint: origin, size and root of the log, and our signature, as C2SP writes notes.

        Keep it: whoever holds an older one can see that nothing before it was ever rewritten.
        """
        latest = self.proofs.latest()
        if latest is None:
            raise ProofIsPending
        return text(latest.note)

    def log_key(self) -> Response:
        """The key that checkpoints are signed with. Compare it with one that you got elsewhere."""
        key = self.proofs.verifier_key()
        if key is None:
            raise ProofIsPending
        return text(f"{key}\n")

    def log_tile(self, level: Whole, path: str) -> Response:
        """A tile of the Merkle tree: hashes side by side.

        Its name is that of C2SP tlog-tiles, such as 0/x001/234, or 1/000.p/17 for one that is not full.
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
        """The proof that the log of one size is the beginning of the log of another: nothing was rewritten between."""
        latest = self.proofs.latest()
        if latest is None:
            raise ProofIsPending
        if not from_ <= to <= latest.size:
            raise SizeWasNotSigned(size=max(from_, to), newest=latest.size)
        return answered(Consistency(from_, to, texts(self.proofs.consistency(from_, to))))

    def event_proof(self, event: UUID) -> Response:
        """The proof that the log holds an event, in C2SP tlog-proof form.

        It has the index of the event's leaf, the hashes from it to the root, and the newest checkpoint. It is pending
        for some seconds after the event was written.
        """
        return text(proof_text(self._inclusion(event)))

    def event_opening(self, event: UUID, who: Who) -> Answered[EventOpening]:
        """What an event's leaf is the hash of, opened as far as it was not erased. Who asked is recorded."""
        found = self.rows.of_event(event)
        if found is None:
            raise EventDoesNotExist(event=event)
        index, row = found
        opened = Opening(self.services.log).opened(row)
        shown = {UUID(one.person) for one in opened} | candidates_in(self.services.log, row)
        self.services.readings.viewed(who, "event-opening", shown)
        return answered(
            EventOpening(
                event=event,
                index=index,
                leaf=leaf_bytes(row, self.proofs.origin()).decode(),
                clear=clear_bytes(row.clear).decode(),
                opened=[part_of(one) for one in opened],
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
            Query(ge=1, le=2**53, description="The size of a checkpoint you hold: it must lead on from it."),
        ] = None,
    ) -> Answered[AuditBundle]:
        """A bundle: events with all that is needed to check them offline, by `perennial verify` or any other program.

        Of a candidate each event has its proof; after a position the events give the signed root by themselves, so that
        none can be missing. It holds clear data alone. Who took it is recorded.
        """
        held = () if from_size is None else (from_size,)
        bundling = Bundling(self.proofs, self.rows)
        bundle = bundle_of(bundling, candidate, since, held)
        for some in batches(bundle.people):
            self.services.readings.exported(who, "audit-bundle", some, ("proofs", "clear"))
        lines = in_pieces(written(bundle.header, bundle.entries))
        streamed: Any = StreamingResponse(lines, media_type="application/json")  # what it tells, written as it is read
        return cast("Answered[AuditBundle]", streamed)

    def _inclusion(self, event: UUID) -> Inclusion:
        found = self.proofs.inclusion(event)
        if found is None:
            raise EventDoesNotExist(event=event)
        if isinstance(found, Pending):
            raise ProofIsPending
        return found

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
    """Errors: BundleIsOfOneThing, ProofIsPending, CheckpointWasNotPublished, CandidateDoesNotExist."""
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


def text(told: str) -> Response:
    return Response(told, media_type="text/plain; charset=utf-8")


def proof_text(inclusion: Inclusion) -> str:
    """The proof as C2SP writes it: heading, index, hashes, and after an empty line the signed checkpoint."""
    lines = [HEADING, f"index {inclusion.index}", *texts(inclusion.hashes), "", inclusion.checkpoint.note]
    return "\n".join(lines)


def candidates_in(log: Log, row: StoredRow) -> set[UUID]:
    """The candidates that an event is about, or names in clear: who sees it sees them, also where nothing opens."""
    named = {UUID(row.stream), *ids_in(json.loads(row.clear))}
    loaded = log.load_all(dict.fromkeys(named, (CANDIDATE, frozenset(ENTRIES))))
    return {record for record, found in loaded.items() if found.state.exists}


def ids_in(told: Any) -> Iterator[UUID]:
    """Every id among the values, however deep."""
    if isinstance(told, str) and ID.fullmatch(told):
        yield UUID(told)
    elif isinstance(told, dict | list):
        for one in told.values() if isinstance(told, dict) else told:
            yield from ids_in(one)


def part_of(opened: Opened) -> OpenedPart:
    salt = base64.b64encode(opened.salt).decode()
    return OpenedPart(UUID(opened.person), opened.group, salt, opened.plaintext)


def in_pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """The lines, many at a time: each piece costs a turn of the server."""
    held = bytearray()
    for line in lines:
        held += line.encode()
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)
