"""Signatures by HMAC-SHA256, as most outside systems make them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Sequence


def hmac_sha256(secret: str, message: bytes) -> str:
    """Return the HMAC-SHA256 of a message under a secret, in hex."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed_by_one(signatures: Collection[str], message: bytes, secrets: Sequence[str]) -> bool:
    """Return whether one of the signatures (hex) is that of the message under one of the secrets.

    Every pair is compared, each in constant time, so that the time it takes does not tell which secret matched.
    """
    written = [signature.strip().lower().encode() for signature in signatures]
    expected = [hmac_sha256(secret, message).encode() for secret in secrets]
    return sum(hmac.compare_digest(signature, other) for signature in written for other in expected) > 0
