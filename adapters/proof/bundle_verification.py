"""Checks a bundle with nothing but the bundle: no database, no key file, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import IO, Any

from adapters.proof.bundle import Entry, Header, Opened, Person, Range
from adapters.proof.bundle_reading import BundleDoesNotHold, a_text, read_entries, read_header
from adapters.proof.leaf import CLEAR, COMMITMENT_DOMAIN
from adapters.proof.logged_event import LoggedEvent, fields_of, logged_event_of
from adapters.proof.note import (
    Checkpoint,
    CheckpointCannotBeRead,
    KeyCannotBeRead,
    NoteIsNotSigned,
    VerifierKey,
    open_checkpoint,
    read_verifier_key,
)
from adapters.proof.tree import CompactRange, ProofDoesNotHold, leaf_hash, verify_consistency, verify_inclusion
from domain.errors import ExplainedError


class CheckpointWasNotReached(ExplainedError):
    """NOT COMPARED

    The bundle does not reach the checkpoint of size {held} that you hold; without it, what this bundle says holds.

    {why}
    """

    def __init__(self, held: int, why: str) -> None:
        super().__init__(held=held, why=why)


Witness = Callable[[LoggedEvent], None]
"""Receives each event in the order of the log. Its result counts only once the whole bundle has been verified."""
MERGED = ("survivor", "absorbed")
MERGES = ("candidates-merged.v1", "candidates-unmerged.v1")


@dataclass(frozen=True, slots=True)
class Held:
    """What the auditor has from elsewhere: the text of a verifier key, and the note of an older checkpoint."""

    key: str | None = None
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What holds: so many events of the log, all in the tree that the checkpoint signs.

    `held`: the size of the auditor's own checkpoint, which this tree extends; None where none was named. `older`: the
    sizes of the bundle's own older ones. `recorded`: when the first and the last event were taken in.
    """

    of: Range | Person
    checkpoint: Checkpoint
    key: VerifierKey
    key_was_compared: bool
    held: int | None
    older: Sequence[int]
    events: int
    opened: int
    recorded: tuple[datetime, datetime] | None

    @property
    def is_whole_log(self) -> bool:
        """Whether it holds every event up to the checkpoint."""
        return isinstance(self.of, Range) and self.of.first == 0


@dataclass(slots=True)
class Going:
    """What is known while the entries go by: how far each stream has come, and who was merged with whom."""

    header: Header
    checkpoint: Checkpoint
    tree: CompactRange | None
    index: int = -1
    position: int = -1
    events: int = 0
    opened: int = 0
    first: datetime | None = None
    last: datetime | None = None
    versions: dict[str, int] = field(default_factory=dict)
    merged: dict[str, set[str]] = field(default_factory=dict)


def verify(file: IO[bytes], held: Held, witness: Witness) -> Verified:
    """Read and verify the bundle once. Errors: BundleDoesNotHold, with the first fault; CheckpointWasNotReached."""
    header = read_header(file)
    with in_words("the verifier key"):
        key = read_verifier_key(header.verifier_key)
    require_key(header, key, held.key)
    with in_words("the checkpoint"):
        checkpoint = open_checkpoint(header.checkpoint, key)
    older = [extended(former.note, former.proof, key, checkpoint) for former in header.checkpoints]
    require_order([*older, checkpoint])
    kept = None if held.checkpoint is None else checkpoint_held(held.checkpoint, key, [*older, checkpoint])
    going = Going(header, checkpoint, tree_of(header.of))
    for entry, clear in read_entries(file, header.of):
        witness(verified_entry(going, entry, clear))
    require_end(going)
    if kept is not None:
        require_reached(kept, [*older, checkpoint])
    return Verified(
        of=header.of,
        checkpoint=checkpoint,
        key=key,
        key_was_compared=held.key is not None,
        held=None if kept is None else kept.size,
        older=[former.size for former in older],
        events=going.events,
        opened=going.opened,
        recorded=None if going.first is None or going.last is None else (going.first, going.last),
    )


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """Whatever does not hold of the proof's parts does not hold of the bundle."""
    try:
        yield
    except (KeyCannotBeRead, NoteIsNotSigned, CheckpointCannotBeRead, ProofDoesNotHold) as error:
        reason, _, _ = str(error).partition(". ")
        raise BundleDoesNotHold(f"{what}: {reason[:1].lower()}{reason[1:]}") from error


def require_key(header: Header, key: VerifierKey, held: str | None) -> None:
    """Check that the bundle's key is of its log, and is the one that the auditor got elsewhere."""
    if key.name != header.origin or str(key) != header.verifier_key:
        raise BundleDoesNotHold("the verifier key is of another log than the bundle")
    if held is not None and held.strip() != header.verifier_key:
        raise BundleDoesNotHold("it is signed with another key than the one you named")


def extended(note: str, proof: Sequence[bytes], key: VerifierKey, newest: Checkpoint) -> Checkpoint:
    """Return the older checkpoint, once it is shown that the newest tree begins with the whole of its tree."""
    with in_words("an older checkpoint"):
        older = open_checkpoint(note, key)
    with in_words(f"the proof that the tree extends that of size {older.size}"):
        verify_consistency(older.size, older.root, newest.size, newest.root, proof)
    return older


def require_order(checkpoints: Sequence[Checkpoint]) -> None:
    sizes = [checkpoint.size for checkpoint in checkpoints]
    if sizes != sorted(set(sizes)) or sizes[0] < 1:
        raise BundleDoesNotHold("its checkpoints do not stand in order of their sizes")


def checkpoint_held(note: str, key: VerifierKey, checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """Return the auditor's own checkpoint. Errors: BundleDoesNotHold if the bundle has another one of its size."""
    with in_words("the checkpoint that you hold"):
        held = open_checkpoint(note, key)
    if any(checkpoint.size == held.size and checkpoint != held for checkpoint in checkpoints):
        raise BundleDoesNotHold(
            f"THE HISTORY WAS REWRITTEN: two different trees of size {held.size} are signed with one key. "
            "Keep your checkpoint and this bundle: together they prove it"
        )
    return held


def require_reached(held: Checkpoint, checkpoints: Sequence[Checkpoint]) -> None:
    """Check that the bundle extends the auditor's checkpoint. Errors: CheckpointWasNotReached."""
    newest = checkpoints[-1].size
    if held.size > newest:
        why = (
            f"The bundle is older: it ends at size {newest}, and nothing in it shows that your checkpoint leads on "
            "from there. Ask for a bundle that was made after your checkpoint."
        )
        raise CheckpointWasNotReached(held.size, why)
    if held not in checkpoints:
        why = "The bundle has no proof from it. Ask for one that was made with it (audit-bundle --checkpoint)."
        raise CheckpointWasNotReached(held.size, why)


def tree_of(of: Range | Person) -> CompactRange | None:
    if isinstance(of, Person):
        return None
    with in_words("the hashes before the range"):
        return CompactRange.of(of.first, of.prefix)


def verified_entry(going: Going, entry: Entry, clear: Mapping[str, Any]) -> LoggedEvent:
    """Return the event, once its leaf is in its place in the tree and everything beside it matches the leaf."""
    event = logged_event_of(entry.index, entry.leaf, clear)
    require_place(going, event)
    require_leaf(going, entry)
    if CLEAR.encode(clear) != entry.clear or sha256(entry.clear.encode()).hexdigest() != event.clear_sha256:
        raise BundleDoesNotHold(f"the clear data of leaf {event.index} is not what the log holds")
    going.index, going.position, going.events = event.index, event.position, going.events + 1
    going.first, going.last = going.first or event.recorded_at, event.recorded_at
    if event.type in MERGES:
        remember_merge(going, event)
    return replace(event, opened=opened_as_committed(going, event, entry.opened)) if entry.opened else event


def require_place(going: Going, event: LoggedEvent) -> None:
    """Check that the event is of this log and in its order, and that its stream has no gap before it."""
    if event.origin != going.header.origin:
        raise BundleDoesNotHold(f"leaf {event.index} is of another log")
    if event.index <= going.index or event.position <= going.position:
        raise BundleDoesNotHold(f"leaf {event.index} is not in the order of the log")
    begins_late = isinstance(going.header.of, Range) and going.header.of.first > 0
    before = going.versions.get(event.stream, event.version - 1 if begins_late else 0)
    if event.version != before + 1:
        raise BundleDoesNotHold(
            f"leaf {event.index} is version {event.version} of its stream, where version {before + 1} should stand: "
            "an event was left out or put in"
        )
    going.versions[event.stream] = event.version


def require_leaf(going: Going, entry: Entry) -> None:
    leaf = leaf_hash(entry.leaf.encode())
    if going.tree is not None:
        if entry.index != going.tree.size:
            raise BundleDoesNotHold(f"leaf {entry.index} stands where leaf {going.tree.size} should")
        going.tree.append(leaf)
        return
    with in_words(f"leaf {entry.index}"):
        verify_inclusion(entry.index, going.checkpoint.size, leaf, entry.proof or (), going.checkpoint.root)


def opened_as_committed(
    going: Going, event: LoggedEvent, laid_open: Sequence[Opened]
) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Return the fields of each opened part, once salt and text hash to the commitment in the leaf."""
    committed = {(part.person, part.group): part.commitment for part in event.parts}
    parts: dict[tuple[str, str], Mapping[str, Any]] = {}
    for opened_part in laid_open:
        name = opened_part.person, opened_part.group
        commitment = sha256(COMMITMENT_DOMAIN + opened_part.salt + opened_part.plaintext.encode()).hexdigest()
        if name in parts or committed.get(name) != commitment:
            raise BundleDoesNotHold(f"what is opened of leaf {event.index} is not what was sealed")
        parts[name] = fields_of(opened_part.plaintext, event.index)
    going.opened += len(parts)
    return parts


def remember_merge(going: Going, event: LoggedEvent) -> None:
    """Record that two records are, or were, held to be one person."""
    survivor, absorbed = (a_text(event.clear.get(name), f"the {name} of leaf {event.index}") for name in MERGED)
    going.merged.setdefault(survivor, set()).add(absorbed)
    going.merged.setdefault(absorbed, set()).add(survivor)


def require_end(going: Going) -> None:
    """Check that nothing is missing: the root of a range, or the records of a person."""
    if going.tree is not None:
        if going.tree.size != going.checkpoint.size or going.tree.root() != going.checkpoint.root:
            raise BundleDoesNotHold(
                f"its {going.tree.size} leaves do not give the signed root of {going.checkpoint.size}: "
                "something in it was changed, left out or put in"
            )
    elif isinstance(going.header.of, Person):
        require_records(going, going.header.of)


def require_records(going: Going, person: Person) -> None:
    """Check that the bundle holds every record of the person, each with all its events, and no other person's."""
    if going.versions != dict(person.records):
        raise BundleDoesNotHold("the events of a record are missing, or there are some of a record that is not listed")
    reached, waiting = {person.candidate}, [person.candidate]
    while waiting:
        linked = going.merged.get(waiting.pop(), set()) - reached
        reached |= linked
        waiting += linked
    if reached != set(person.records):
        raise BundleDoesNotHold("its records are not those that were ever merged with the candidate")
