"""The secrets that stand outside the database: key-encryption keys by epoch, and the key that names outside records."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import ExplainedError
from domain.suppression import recognised


class KeyFileIsUnusable(ExplainedError):
    """Unusable key file

    The key file {path} cannot be used: {why}.

    Restore it from its backup: without it sealed data stays sealed.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path=path, why=why)


class KeyFileIsAnothers(ExplainedError):
    """Key file of another log

    The key file {path} is not the one this log was created with.

    Put that one back: with this one no personal data could be read, and no other process could read what it seals.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path=path)


class EpochIsNotInKeyFile(ExplainedError):
    """Missing epoch in the key file

    The key file {path} does not hold the epoch {epoch}.

    Put the newest key file here, if this one is older than the database. If a rotation has destroyed the epoch, no key
    can open what only an older backup still wraps with it: use a newer backup.
    """

    def __init__(self, path: Path | None, epoch: str) -> None:
        super().__init__(path=path or "in memory", epoch=epoch)


class EpochKeyIsWrong(ExplainedError):
    """Wrong key in the key file

    The key file {path} holds another key for the epoch {epoch} than this log was written with. Nothing was sealed
    with it.

    Put the right file back: the newest backup of it, or the copy of a machine that works.
    """

    def __init__(self, path: Path | None, epoch: str) -> None:
        super().__init__(path=path or "in memory", epoch=epoch)


class EpochKeyIsDoubled(ExplainedError):
    """Duplicate key in the key file

    The key file {path} holds one key under two names: {epoch}, and {other} in this log. Nothing was sealed with it.

    Take the epoch {epoch} out of the file, or put the right file back.
    """

    def __init__(self, path: Path | None, epoch: str, other: str) -> None:
        super().__init__(path=path or "in memory", epoch=epoch, other=other)


class KeyFileCannotBeWritten(ExplainedError):
    """Key file not writable

    The key file {path} cannot be replaced ({error}).

    Rotate where its folder can be written, as its owner.
    """

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(path=path, error=error.strerror)


KEY_BYTES = 32
KEY_FILE_ERRORS = (EpochIsNotInKeyFile, EpochKeyIsDoubled, EpochKeyIsWrong, KeyFileIsAnothers, KeyFileIsUnusable)
"""Errors that a process waits out: once the right file replaces its own, the process reads it automatically."""


@dataclass(slots=True)
class KeyFile:
    """What the file holds. `naming_key` never rotates: outside records keep their stream ids for ever.

    The epochs do: a process that meets one it does not know reads the file again. Which one is current the database
    says; `current` is what this process last heard.
    """

    naming_key: bytes
    epochs: Mapping[str, bytes]
    current: str
    path: Path | None = None
    """Where it was read; None: nowhere to read it again."""
    _before: Mapping[str, bytes] = field(default_factory=dict)
    """The epochs of the reading before: rows that were fetched a moment ago are still wrapped with them."""
    _logged: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The fingerprint of each epoch's key, as the log has it."""
    _lock: Lock = field(default_factory=Lock, compare=False, repr=False)

    def wrap(self, person: UUID, key_id: UUID, key: bytes) -> tuple[str, bytes]:
        """(epoch, the data key readable only with this file): nonce (12 bytes) then AES-256-GCM ciphertext.

        Errors: EpochIsNotInKeyFile, EpochKeyIsWrong.
        """
        epoch, nonce = self.current, os.urandom(12)
        return epoch, nonce + AESGCM(self.key_of(epoch)).encrypt(nonce, key, person.bytes + key_id.bytes)

    def unwrap(self, person: UUID, key_id: UUID, epoch: str, wrapped: bytes) -> bytes:
        """Return the data key. Errors: EpochIsNotInKeyFile; cryptography's InvalidTag if the wrapped key was
        altered."""
        return AESGCM(self.key_of(epoch)).decrypt(wrapped[:12], wrapped[12:], person.bytes + key_id.bytes)

    def key_of(self, epoch: str) -> bytes:
        """Return the key-encryption key; read the file again if it is missing. Errors: EpochIsNotInKeyFile,
        EpochKeyIsWrong."""
        key = self._right(epoch)
        if key is None:
            self.read_again()
            key = self._right(epoch)
        if key is not None:
            return key
        if epoch in self.epochs:
            raise EpochKeyIsWrong(self.path, epoch)
        raise EpochIsNotInKeyFile(self.path, epoch)

    def _right(self, epoch: str) -> bytes | None:
        """Return the epoch's key if this process has one and the log knows no other."""
        logged = self._logged.get(epoch)
        for held in (self.epochs, self._before):
            key = held.get(epoch)
            if key is not None and logged in (None, self.fingerprint_of(key)):
                return key
        return None

    def hold_to(self, logged: Mapping[str, str]) -> None:
        """From now on only the keys count that the log has these fingerprints of.

        Errors: EpochKeyIsWrong, EpochKeyIsDoubled where the file as it is read now holds another.
        """
        self._logged = dict(logged)
        if any(self._right(epoch) is None for epoch in self.epochs):
            self.read_again()
        names = {fingerprint: epoch for epoch, fingerprint in logged.items()}
        for epoch, key in self.epochs.items():
            if epoch in logged and logged[epoch] != self.fingerprint_of(key):
                raise EpochKeyIsWrong(self.path, epoch)
            other = names.get(self.fingerprint_of(key), epoch)
            if other != epoch:
                raise EpochKeyIsDoubled(self.path, epoch, other)

    def fingerprint_of(self, key: bytes) -> str:
        """Return the fingerprint that the log stores of an epoch's key: it tells keys apart and reveals nothing of
        them."""
        return self.fingerprint("key of an epoch", key)

    def name_of(self, number: int, key: bytes) -> str:
        """Return the name of a new epoch. It follows from the key, so two keys never have the same name."""
        return f"{number}-{self.fingerprint_of(key)[:16]}"

    def turn_to(self, epoch: str) -> None:
        """From now on keys are wrapped with this epoch. Errors: EpochIsNotInKeyFile, EpochKeyIsWrong."""
        self.key_of(epoch)
        self.current = epoch

    def read_again(self) -> None:
        """Replace the epochs by those that the file holds now. Errors: KeyFileIsUnusable, KeyFileIsAnothers."""
        if self.path is None:
            return
        newer = read_key_file(self.path)
        if newer.naming_key != self.naming_key:
            raise KeyFileIsAnothers(self.path)
        with self._lock:
            if newer.epochs != self.epochs:
                self._before, self.epochs = self.epochs, newer.epochs
            if self.current not in self.epochs:  # what was heard is too old; the database tells if this is, too
                self.current = newer.current

    def stream_of(self, source: str, kind: str, outside_id: str) -> UUID:
        """Return the stream id of an outside system's record, the same for every delivery."""
        name = json.dumps(["perennial-stream", source, kind, outside_id]).encode()
        return UUID(bytes=hmac.digest(self.naming_key, name, hashlib.sha256)[:16], version=5)

    def address_stream(self, kind: str, address: str) -> UUID:
        """Return the stream by which older versions know an address ('email' or 'phone'). Its name never changes."""
        name = json.dumps(["perennial-address", kind, recognised(kind, address)]).encode()
        return UUID(bytes=hmac.digest(self.naming_key, name, hashlib.sha256)[:16], version=5)

    def form_stream(self, kind: str, form: str) -> UUID:
        """Return the stream that says whether the address of this form may come in."""
        name = json.dumps(["perennial-address-form", kind, form]).encode()
        return UUID(bytes=hmac.digest(self.naming_key, name, hashlib.sha256)[:16], version=5)

    @property
    def name(self) -> str:
        """What a log remembers of the file that its people's keys are wrapped with."""
        return self.fingerprint("name of the key file", b"")

    def fingerprint(self, purpose: str, data: bytes) -> str:
        """Return a keyed hash (hex) that tells equal data from other data and reveals nothing else."""
        return hmac.digest(self.naming_key, purpose.encode() + b"\0" + data, "sha256").hex()

    def blind(self, kind: str, address: str) -> str:
        """By what an address is found without being written down: equal for equal addresses of a kind."""
        return self.fingerprint(f"blind index of {kind}", address.encode())


def new_key_file() -> KeyFile:
    return KeyFile(naming_key=os.urandom(32), epochs={"1": AESGCM.generate_key(256)}, current="1")


READINGS, READ_AGAIN_AFTER = 5, 0.05
"""A file opened just before it was replaced may be overwritten; it is read again after so many seconds."""


def read_key_file(path: Path) -> KeyFile:
    """Return the key file at `path`. Errors: KeyFileIsUnusable if it is missing or no key file."""
    for _ in range(READINGS - 1):
        try:
            return parsed(path)
        except FileNotFoundError:
            break
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(READ_AGAIN_AFTER)
    try:
        return parsed(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileIsUnusable(path, f"{type(error).__name__}: {error}") from error


def parsed(path: Path) -> KeyFile:
    """Errors: OSError, ValueError, KeyError, TypeError where it is no key file."""
    held = json.loads(path.read_text(), object_pairs_hook=without_doubles)
    epochs = {name: key_in(f"the epoch {name}", text) for name, text in held["epochs"].items()}
    names = {key: name for name, key in epochs.items()}
    for name, key in epochs.items():
        if names[key] != name:
            raise ValueError(f"the epochs {name} and {names[key]} have the same key")
    return KeyFile(key_in("naming_key", held["naming_key"]), epochs, str(held["current"]), path)


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        doubled = next(name for at, (name, _) in enumerate(pairs) if name in {former for former, _ in pairs[:at]})
        raise ValueError(f"{doubled} is there twice")
    return made


def key_in(name: str, text: str) -> bytes:
    """32 bytes, written in base64."""
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(f"{name} has {len(key)} bytes, not {KEY_BYTES}")
    return key


def ensure_key_file(path: Path) -> KeyFile:
    """Return the key file at `path`; make it, readable by its owner alone, if there is none."""
    if path.exists():
        return read_key_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = text_of(new_key_file())
    with suppress(FileExistsError):  # another process made it a moment ago: theirs is the one
        write_new(path, made)
    sync(path.parent)
    return read_key_file(path)


def replace_key_file(path: Path, key_file: KeyFile) -> None:
    """Puts the key file in the place of the one at `path` at one stroke, and overwrites the old one's bytes.

    A file system that copies on write, a journal or a snapshot may keep them all the same. Call it for one at a time.
    Errors: KeyFileCannotBeWritten, and then the old one stands.
    """
    try:
        for left in path.parent.glob(f".{path.name}.*new"):  # of a process that was killed
            shred(left)
        written = path.with_name(f".{path.name}.{os.getpid()}.new")
        write_new(written, text_of(key_file), owned_as=path)
        old = os.open(path, os.O_RDWR)
        try:
            os.replace(written, path)
            sync(path.parent)
            overwrite(old)
        finally:
            os.close(old)
    except OSError as error:
        raise KeyFileCannotBeWritten(path, error) from error


def text_of(key_file: KeyFile) -> str:
    held = {
        "naming_key": base64.b64encode(key_file.naming_key).decode(),
        "epochs": {name: base64.b64encode(key).decode() for name, key in key_file.epochs.items()},
        "current": key_file.current,
    }
    return json.dumps(held, indent=1)


def write_new(path: Path, text: str, owned_as: Path | None = None) -> None:
    """Writes a file that is not there yet, readable by its owner alone: the owner of `owned_as`, if given."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        if owned_as is not None and (owner := owned_as.stat()).st_uid != os.geteuid():
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def shred(path: Path) -> None:
    """Overwrites the file and removes it."""
    handle = os.open(path, os.O_RDWR)
    try:
        overwrite(handle)
    finally:
        os.close(handle)
    path.unlink()


def overwrite(handle: int) -> None:
    """Chance in the place of what the open file holds, all of it, on the disk."""
    os.pwrite(handle, os.urandom(os.fstat(handle).st_size), 0)
    os.fsync(handle)


def sync(folder: Path) -> None:
    """Make the folder's new and replaced names durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
