"""Where a page ended, as a client carries it: unreadable, because people are sorted by their names, and unforgeable."""

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
    """The place as a cursor of this question (its parameters, as text): it cannot be used with another one."""
    nonce = ENTROPY.take(NONCE_BYTES)
    ciphertext = cipher_of(key_file).encrypt(nonce, json.dumps(place).encode(), question.encode())
    return base64.urlsafe_b64encode(nonce + ciphertext).rstrip(b"=").decode("ascii")


def opened(key_file: KeyFile, question: str, cursor: str) -> list[Any]:
    """The place that was sealed. Errors: CursorCannotBeRead."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        told = cipher_of(key_file).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], question.encode())
    except (ValueError, binascii.Error, InvalidTag):
        raise CursorCannotBeRead from None
    place: list[Any] = json.loads(told)
    return place


def cipher_of(key_file: KeyFile) -> AESGCM:
    return AESGCM(bytes.fromhex(key_file.fingerprint("cursors", b"")))
