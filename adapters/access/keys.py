"""API keys: what one looks like, what is kept of it, and how it is known again."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from adapters.access.policy import Action, Role
from adapters.access.principal import Principal
from adapters.access.refusals import ExpiryIsPast, IntegrationStandsAlone, ScopeIsWiderThanRole
from domain.codes import CODE

PREFIX = "pnl_"
"""By this a key that lies where it should not is found by those who scan for such."""
WRITTEN = re.compile(r"pnl_([0-9a-f]{12})_([0-9a-f]{64})")
ID_BYTES, SECRET_BYTES = 6, 32
State = Literal["good", "expired", "revoked"]
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key is to be. Errors: IntegrationStandsAlone, ScopeIsWiderThanRole; ValueError where it has no role, or a
    name or a source is not written as it must be: callers check that before."""

    name: str
    roles: frozenset[Role]
    source: str | None = None
    scopes: frozenset[Action] | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not (self.roles and re.fullmatch(NAME, self.name) and re.fullmatch(CODE.pattern, self.source or "none")):
            raise ValueError(f"no key is made for {self.name!r}, {self.source!r}, {sorted(self.roles)}")
        if (Role.INTEGRATION in self.roles or self.source is not None) and (
            self.source is None or self.roles != {Role.INTEGRATION}
        ):
            raise IntegrationStandsAlone
        whole = Principal(self.name, self.roles, self.source)
        for action in sorted(self.scopes or ()):
            if not whole.may(action):
                raise ScopeIsWiderThanRole(action=action)


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key as it is kept: of its secret only the hash (32 bytes). Times have a zone."""

    id: str
    secret_hash: bytes
    name: str
    roles: frozenset[Role]
    source: str | None
    scopes: frozenset[Action] | None
    made_at: datetime
    made_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None

    def state(self, now: datetime) -> State:
        if self.revoked_at is not None:
            return "revoked"
        return "good" if self.expires_at is None or now < self.expires_at else "expired"

    def is_of(self, secret: str) -> bool:
        """Return whether it is this key's secret, in constant time."""
        return hmac.compare_digest(hashed(secret), self.secret_hash)

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.roles, self.source, self.scopes)


@dataclass(frozen=True, slots=True)
class Minted:
    """A key that was just made. `text` is shown once and kept nowhere."""

    text: str
    kept: KeptKey

    @property
    def id(self) -> str:
        return self.kept.id


def minted(wanted: Wanted, made_by: str, now: datetime) -> Minted:
    """Return a new key with a secret of 256 random bits. Errors: ExpiryIsPast."""
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise ExpiryIsPast
    name, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
    kept = KeptKey(
        id=name,
        secret_hash=hashed(secret),
        name=wanted.name,
        roles=wanted.roles,
        source=wanted.source,
        scopes=wanted.scopes,
        made_at=now,
        made_by=made_by,
        expires_at=wanted.expires_at,
        revoked_at=None,
        revoked_by=None,
    )
    return Minted(f"{PREFIX}{name}_{secret}", kept)


def hashed(secret: str) -> bytes:
    """Return the SHA-256: 256 random bits cannot be guessed, so a slow hash would only delay every request."""
    return hashlib.sha256(secret.encode()).digest()


def read(text: str) -> tuple[str, str] | None:
    """(id, secret) of a key's text; None where it is none."""
    matched = WRITTEN.fullmatch(text)
    return None if matched is None else (matched[1], matched[2])
