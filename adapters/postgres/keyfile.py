"""The secrets that stand outside the database: key-encryption keys by epoch, and the key that names outside records."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.profile_facts import address_key


class KeyFileIsUnusable(Exception):
    """The key file {path} cannot be used: {why}. Restore it from its backup: without it sealed data stays sealed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__((self.__doc__ or "").format(path=path, why=why))


class KeyFileIsAnothers(Exception):
    """The key file {path} is not the one this log was begun with. Put that one back: with this one nothing personal
    could be read, and what it sealed could be read by nobody else."""

    def __init__(self, path: Path) -> None:
        super().__init__(" ".join((self.__doc__ or "").format(path=path).split()))


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What the file holds. `naming_key` never rotates: outside records keep their stream ids for ever."""

    naming_key: bytes
    epochs: dict[str, bytes]
    current: str

    def wrap(self, person: UUID, key_id: UUID, key: bytes) -> bytes:
        """The data key, readable only with this file: nonce (12 bytes) then AES-256-GCM ciphertext."""
        nonce = os.urandom(12)
        return nonce + AESGCM(self.epochs[self.current]).encrypt(nonce, key, person.bytes + key_id.bytes)

    def unwrap(self, person: UUID, key_id: UUID, epoch: str, wrapped: bytes) -> bytes:
        return AESGCM(self.epochs[epoch]).decrypt(wrapped[:12], wrapped[12:], person.bytes + key_id.bytes)

    def stream_of(self, source: str, kind: str, outside_id: str) -> UUID:
        """The one stream id of an outside system's record, whoever delivers it first."""
        name = json.dumps(["perennial-stream", source, kind, outside_id]).encode()
        return UUID(bytes=hmac.digest(self.naming_key, name, hashlib.sha256)[:16], version=5)

    def address_stream(self, kind: str, address: str) -> UUID:
        """The stream in which it stands whether an address ('email' or 'phone', however it is written) may come in."""
        name = json.dumps(["perennial-address", kind, address_key(kind, address)]).encode()
        return UUID(bytes=hmac.digest(self.naming_key, name, hashlib.sha256)[:16], version=5)

    @property
    def name(self) -> str:
        """What a log remembers of the file that its people's keys are wrapped with."""
        return self.fingerprint("name of the key file", b"")

    def fingerprint(self, purpose: str, data: bytes) -> str:
        """A keyed hash (hex) that tells equal data apart from other data and nothing else."""
        return hmac.digest(self.naming_key, purpose.encode() + b"\0" + data, "sha256").hex()

    def blind(self, kind: str, address: str) -> str:
        """By what an address is found without being written down: equal for equal addresses of a kind."""
        return self.fingerprint(f"blind index of {kind}", address.encode())


def new_key_file() -> KeyFile:
    return KeyFile(naming_key=os.urandom(32), epochs={"1": AESGCM.generate_key(256)}, current="1")


def read_key_file(path: Path) -> KeyFile:
    """The key file at `path`. Errors: KeyFileIsUnusable when it is missing or not a key file."""
    try:
        held = json.loads(path.read_text())
        epochs = {name: base64.b64decode(key) for name, key in held["epochs"].items()}
        return KeyFile(base64.b64decode(held["naming_key"]), epochs, held["current"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileIsUnusable(path, f"{type(error).__name__}: {error}") from error


def ensure_key_file(path: Path) -> KeyFile:
    """The key file at `path`, made (readable by its owner alone) where there is none yet."""
    if path.exists():
        return read_key_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = new_key_file()
    held = {
        "naming_key": base64.b64encode(made.naming_key).decode(),
        "epochs": {name: base64.b64encode(key).decode() for name, key in made.epochs.items()},
        "current": made.current,
    }
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process made it a moment ago: theirs is the one
        return read_key_file(path)
    with os.fdopen(handle, "w") as file:
        json.dump(held, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return made
