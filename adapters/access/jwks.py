"""The public keys of an issuer of tokens: fetched seldom, bounded in time and size, kept while it cannot answer."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from adapters.access.refusals import TokensCannotBeChecked
from adapters.runtime.fetch import fetched

LOGGER = logging.getLogger(__name__)
ALGORITHMS: Mapping[tuple[str, str | None], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
"""What is signed with a key of a kind and curve: the key says it, whatever a token says."""
FETCH_SECONDS = 5.0
FETCH_BYTES = 256 * 1024
FRESH_SECONDS = 600.0
AGAIN_AFTER_SECONDS = 10.0
"""How soon after an attempt the next may be made, however many tokens name an unknown key."""
STALE_SECONDS = 24 * 3600.0
SHORTEST_RSA_BITS = 2048


def fetcher(source: str) -> Callable[[], bytes]:
    """Return the function that reads the key set from an https URL or from a file. It raises OSError, ValueError or
    HTTPException."""
    return (lambda: fetched_keys(source)) if "://" in source else Path(source).read_bytes


def fetched_keys(url: str) -> bytes:
    """Errors: OSError, ValueError, HTTPException."""
    return fetched(url, FETCH_SECONDS, FETCH_BYTES)


def keys_in(data: bytes) -> dict[str, tuple[PyJWK, ...]]:
    """Return the keys that tokens may be signed with, by their ids; skip all others. Errors: ValueError.

    Issuers list several keys under one id: one for signing beside one for encryption, or one for each algorithm.
    """
    listed = json.loads(data)
    if not isinstance(listed, dict) or not isinstance(listed.get("keys"), list):
        raise ValueError("it is no key set")
    keys: dict[str, tuple[PyJWK, ...]] = {}
    for jwk in listed["keys"]:
        kid, key = (jwk.get("kid"), key_of(jwk)) if isinstance(jwk, dict) else (None, None)
        if isinstance(kid, str) and key is not None:
            keys[kid] = (*keys.get(kid, ()), key)
    return keys


def key_of(jwk: Mapping[str, Any]) -> PyJWK | None:
    """Return a key for signatures by one of our algorithms; None if it has another use, is too short or is broken."""
    curve = jwk.get("crv")
    algorithm = ALGORITHMS.get((str(jwk.get("kty")), None if curve is None else str(curve)))
    if algorithm is None or not is_for(jwk, algorithm):
        return None
    try:
        key = PyJWK(dict(jwk), algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    too_short = isinstance(key.key, RSAPublicKey) and key.key.key_size < SHORTEST_RSA_BITS
    return None if too_short else key


def is_for(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """Return whether a key is for checking signatures of the algorithm; a member that is left out allows it."""
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and isinstance(operations, list)
        and "verify" in operations
    )


@dataclass(slots=True)
class KeySet:
    """The issuer's keys as they were fetched last. Safe to ask from many threads: one of them fetches."""

    fetch: Callable[[], bytes]
    _keys: dict[str, tuple[PyJWK, ...]] = field(default_factory=dict)
    _fetched_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, kid: str) -> tuple[PyJWK, ...]:
        """Return the keys of that id; empty if the issuer has none. Errors: TokensCannotBeChecked."""
        if time.monotonic() - self._fetched_at > FRESH_SECONDS or kid not in self._keys:
            self._refresh()
        if time.monotonic() - self._fetched_at > STALE_SECONDS:
            raise TokensCannotBeChecked
        return self._keys.get(kid, ())

    def _refresh(self) -> None:
        """Fetch the keys, unless another thread just did; only callers without any keys wait for that thread."""
        if not self._lock.acquire(blocking=self._fetched_at == float("-inf")):
            return
        try:
            if time.monotonic() - self._tried_at > AGAIN_AFTER_SECONDS:
                self._tried_at = time.monotonic()
                self._keys, self._fetched_at = keys_in(self.fetch()), time.monotonic()
        except (OSError, ValueError, HTTPException, RecursionError) as error:
            LOGGER.warning("the issuer's keys could not be fetched: %s", type(error).__name__)
        finally:
            self._lock.release()
