"""Seals the end of a page as a cursor. It is encrypted, because lists are sorted by names, and authenticated."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.postgres.keys.key_file import KeyFile
from adapters.runtime.entropy import ENTROPY
from adapters.web.framework.refusals import CursorCannotBeRead

NONCE_BYTES = 12


def sealed(key_file: KeyFile, question: str, place: list[Any]) -> str:
    """Return the place as a cursor that is valid for this question (its parameters, as text) alone."""
    nonce = ENTROPY.take(NONCE_BYTES)
    ciphertext = cipher_of(key_file).encrypt(nonce, json.dumps(place).encode(), question.encode())
    return base64.urlsafe_b64encode(nonce + ciphertext).rstrip(b"=").decode("ascii")


def opened(key_file: KeyFile, question: str, cursor: str) -> list[Any]:
    """Return the place in a cursor. Errors: CursorCannotBeRead."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        plaintext = cipher_of(key_file).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], question.encode())
    except (ValueError, binascii.Error, InvalidTag):
        raise CursorCannotBeRead from None
    place: list[Any] = json.loads(plaintext)
    return place


def cipher_of(key_file: KeyFile) -> AESGCM:
    return AESGCM(bytes.fromhex(key_file.fingerprint("cursors", b"")))
