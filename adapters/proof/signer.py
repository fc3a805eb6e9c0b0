"""Signs what the log is, and refuses to once it no longer extends what was signed before; both kept from PostgreSQL."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from adapters.proof.note import (
    Checkpoint,
    CheckpointCannotBeRead,
    KeyCannotBeRead,
    NoteIsNotSigned,
    SigningKey,
    open_checkpoint,
    read_signing_key,
)
from adapters.proof.tree import (
    Hashes,
    ProofDoesNotHold,
    TreeIsSmaller,
    consistency_proof,
    root_of,
    verify_consistency,
)
from domain.errors import ExplainedError

KEY, RECORD, FORK = "signing.key", "last-checkpoint.txt", "FORK-FOUND.txt"


class SigningFolderIsUnusable(ExplainedError):
    """Unusable signing folder

    Nothing is signed: the signing folder {folder} {why}

    Correct the folder, or restore it from its backup (docs/proof.md), and start the sequencer again.
    """

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(folder=folder, why=why)


class ForkFound(ExplainedError):
    """Fork of the log

    NOTHING IS SIGNED ANY MORE: {why}. The same report is in {path}.

    Keep that file and the database as evidence, find out who changed the log (`perennial verify --log` lists where),
    and remove the file when signing may be tried again.
    """

    def __init__(self, why: str, path: Path) -> None:
        self.why = why
        super().__init__(why=why, path=path)


class Signer:
    """Holds the signing folder: the key, and the last note signed with it. One process at a time may use it."""

    def __init__(self, folder: Path, origin: str) -> None:
        """`origin` is the name that the log goes by; a folder is of one log."""
        self.folder = folder
        self._origin = origin
        self._key: SigningKey | None = None

    def key(self, *, published: bool) -> SigningKey:
        """Return the signing key; make it if nothing was `published` before. Errors: SigningFolderIsUnusable."""
        if self._key is None:
            self._key = self._read_key() or self._make_key(published=published)
        return self._key

    def last(self) -> tuple[str, Checkpoint] | None:
        """Return the last note signed and its checkpoint; None before the first.

        Errors: ForkFound if it is not by our key, SigningFolderIsUnusable.
        """
        path = self.folder / RECORD
        if not path.exists():
            return None
        note, key = path.read_text(encoding="utf-8", errors="replace"), self.key(published=True)
        try:
            return note, open_checkpoint(note, key.verifier)
        except (NoteIsNotSigned, CheckpointCannotBeRead) as error:
            raise self._stop(f"{RECORD} was altered ({error})") from error

    def has_signed_no_more_than(self, size: int) -> bool:
        """Return whether the last checkpoint signed is of that size at most. Errors: as `last`."""
        last = self.last()
        return last is None or last[1].size <= size

    def sign(self, size: int, hashes: Hashes, *, published: bool) -> str:
        """Return the note for the tree of that size (1 or more), stored here before it is published.

        It is the note signed last if that has the size already. `published`: whether one was published before. Errors:
        ForkFound, SigningFolderIsUnusable.
        """
        key = self.key(published=published)
        self._require_no_fork()
        last = self.last()
        if last is None and published:
            raise self._stop(f"{RECORD} is missing, though checkpoints were published")
        root = self._root(size, hashes)
        if last is not None:
            self._require_extension(last[1], Checkpoint(self._origin, size, root), hashes)
            if last[1].size == size:
                return last[0]
        note = key.sign(Checkpoint(self._origin, size, root).text)
        write_safely(self.folder / RECORD, note)
        return note

    def _read_key(self) -> SigningKey | None:
        path = self.folder / KEY
        try:
            key = read_signing_key(path.read_text()) if path.exists() else None
        except (OSError, UnicodeDecodeError, KeyCannotBeRead) as error:
            raise SigningFolderIsUnusable(self.folder, f"has no key that can be read: {error}") from error
        if key is not None and key.name != self._origin:
            why = f"is that of {key.name}, and this log is {self._origin}. Set PERENNIAL_SIGNING_FOLDER to its own."
            raise SigningFolderIsUnusable(self.folder, why)
        return key

    def _make_key(self, *, published: bool) -> SigningKey:
        if published:
            why = f"has no {KEY}, and this log has checkpoints. Set PERENNIAL_SIGNING_FOLDER, or restore its backup."
            raise SigningFolderIsUnusable(self.folder, why)
        key = SigningKey.generate(self._origin)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            write_safely(self.folder / KEY, key.secret_text + "\n")
        except OSError as error:
            raise SigningFolderIsUnusable(self.folder, f"cannot be written: {error}") from error
        return key

    def _require_no_fork(self) -> None:
        path = self.folder / FORK
        if path.exists():
            raise ForkFound("a fork was found before", path)

    def _root(self, size: int, hashes: Hashes) -> bytes:
        try:
            return root_of(size, hashes)
        except TreeIsSmaller as error:
            raise self._stop(f"tiles are missing from the database ({error})") from error

    def _require_extension(self, last: Checkpoint, new: Checkpoint, hashes: Hashes) -> None:
        """Proves from the stored tiles that the new tree begins with the last one signed. Errors: ForkFound."""
        if new.size < last.size:
            raise self._stop(f"the log has shrunk: {last.size} leaves were signed, {new.size} are there")
        try:
            proof = consistency_proof(last.size, new.size, hashes)
            verify_consistency(last.size, last.root, new.size, new.root, proof)
        except (ProofDoesNotHold, TreeIsSmaller) as error:
            raise self._stop(f"the log is not the one that was signed at {last.size} leaves") from error

    def _stop(self, why: str) -> ForkFound:
        path, record = self.folder / FORK, self.folder / RECORD
        last = record.read_text(encoding="utf-8", errors="replace") if record.exists() else "(none)\n"
        found_at = datetime.now(UTC).isoformat(timespec="seconds")
        write_safely(path, f"{found_at} {self._origin}: {why}\n\nThe last checkpoint signed:\n\n{last}")
        return ForkFound(why, path)


def write_safely(path: Path, text: str) -> None:
    """Write the whole text or leave the file as it was, even if the power fails; its owner alone may read it."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
