"""Seals personal fields under their person's key, and opens them again while that key lives."""

from __future__ import annotations

import base64
import hashlib
import json
from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.postgres.keys.key_file import KeyFile
from adapters.proof.leaf import COMMITMENT_DOMAIN
from adapters.runtime.entropy import ENTROPY
from domain.errors import ExplainedError

SALT_BYTES = 32
NONCE_BYTES = 12
PLAINTEXT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's data key as stored: wrapped, or None where the person was erased."""

    person: UUID
    key_id: UUID
    epoch: str
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class Sealer:
    """A person's key, ready to seal with. `brought` holds the stored form while no append has brought it yet.

    The cipher is made whenever it is used: that is quick, and one that is kept takes more memory than all the rest.
    """

    person: UUID
    key_id: UUID
    key: bytes
    brought: PersonKey | None
    names: str
    """The part's person and key as JSON text: they are written with every part of this person."""


def sealer_of(person: UUID, key_id: UUID, key: bytes, brought: PersonKey | None) -> Sealer:
    return Sealer(person, key_id, key, brought, f'"person":"{person}","key":"{key_id}"')


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed part belongs; the ciphertext opens nowhere else."""

    origin: str
    stream: UUID
    version: int
    stored_name: str

    def associated_data(self, group: str) -> bytes:
        """Return the data that a sealed part is bound to, as a JSON list; none of its texts needs an escape."""
        return f'["{self.origin}","{self.stream}",{self.version},"{self.stored_name}","{group}"]'.encode()


class SealIsBroken(ExplainedError):
    """Broken seal

    A sealed part of {place.stored_name}, stream {place.stream}, version {place.version} was altered or moved.

    Run `perennial verify --log` to find what was changed, and restore that from a backup.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place=place)


def seal(place: Place, group: str, sealer: Sealer, values: Mapping[str, Any]) -> str:
    """One sealed part as JSON text: person, key, group, nonce, ciphertext, commitment, the last three in base64.

    The commitment is SHA-256(domain || salt || plaintext) with the 32-byte salt inside the ciphertext.
    """
    fresh = ENTROPY.take(SALT_BYTES + NONCE_BYTES)
    salt, nonce = fresh[:SALT_BYTES], fresh[SALT_BYTES:]
    plaintext = salt + PLAINTEXT.encode(values).encode()
    sealed = AESGCM(sealer.key).encrypt(nonce, plaintext, place.associated_data(group))
    commitment = hashlib.sha256(COMMITMENT_DOMAIN + plaintext).digest()
    return (
        f'{{{sealer.names},"group":"{group}","nonce":"{base64_text(nonce)}","ciphertext":"{base64_text(sealed)}",'
        f'"commitment":"{base64_text(commitment)}"}}'
    )


def base64_text(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def open_part(place: Place, part: Mapping[str, str], cipher: AESGCM) -> dict[str, Any]:
    """Return the values of one part. Errors: SealIsBroken."""
    values: dict[str, Any] = json.loads(unsealed(place, part, cipher)[1])
    return values


def unsealed(place: Place, part: Mapping[str, str], cipher: AESGCM) -> tuple[bytes, bytes]:
    """Return the salt and the JSON text that the part's commitment binds. Errors: SealIsBroken."""
    nonce, sealed = base64.b64decode(part["nonce"]), base64.b64decode(part["ciphertext"])
    try:
        plaintext = cipher.decrypt(nonce, sealed, place.associated_data(part["group"]))
    except InvalidTag as error:
        raise SealIsBroken(place) from error
    return plaintext[:SALT_BYTES], plaintext[SALT_BYTES:]


class Keyring:
    """Unwraps person keys, remembers those it seals with, and makes the key of a person who has none."""

    REMEMBERED = 50_000

    def __init__(self, key_file: KeyFile) -> None:
        self.key_file = key_file
        self._sealers: dict[UUID, Sealer] = {}
        self._opened: dict[bytes, bytes] = {}
        self._lock = Lock()

    def cipher(self, key: PersonKey) -> AESGCM | None:
        """Return the cipher that opens with the key; None if its person was erased. It reads the stored row, so erasure
        acts at once."""
        opened = self._open(key)
        return None if opened is None else AESGCM(opened)

    def _open(self, key: PersonKey) -> bytes | None:
        if key.wrapped is None:
            return None
        unwrapped = self._opened.get(key.wrapped)
        if unwrapped is None:
            opened = self.key_file.unwrap(key.person, key.key_id, key.epoch, key.wrapped)
            unwrapped = self._keep(self._opened, key.wrapped, opened)
        return unwrapped

    def learn(self, keys: Iterable[PersonKey]) -> None:
        """Remembers stored keys for sealing. An append checks in its transaction that they still live."""
        for key in keys:
            opened = self._open(key)
            if opened is not None:
                self._keep(self._sealers, key.person, sealer_of(key.person, key.key_id, opened, None))

    def forget(self, people: Iterable[UUID]) -> None:
        for person in people:
            self._sealers.pop(person, None)

    def lose(self, people: Iterable[UUID]) -> int:
        """Forget the keys of these people, and every opened key: an opened key does not say
        whose it is. How many of them were remembered."""
        with self._lock:
            lost = [self._sealers.pop(person, None) for person in people]
            self._opened.clear()
        return sum(sealer is not None for sealer in lost)

    def sealer(self, person: UUID) -> Sealer | None:
        return self._sealers.get(person)

    def make(self, person: UUID) -> Sealer:
        """Return a new key for a person without one; it counts once an append has stored it."""
        key_id, key = uuid4(), AESGCM.generate_key(256)
        stored = PersonKey(person, key_id, *self.key_file.wrap(person, key_id, key))
        return self._keep(self._sealers, person, sealer_of(person, key_id, key, stored))

    def settle(self, people: Iterable[UUID]) -> None:
        """Mark the keys that these people's appends brought as stored."""
        for person in people:
            sealer = self._sealers.get(person)
            if sealer is not None and sealer.brought is not None:
                self._sealers[person] = replace(sealer, brought=None)

    def _keep(self, kept: dict[K, V], key: K, value: V) -> V:
        with self._lock:
            if len(kept) >= self.REMEMBERED:
                kept.pop(next(iter(kept)))
            kept[key] = value
        return value
