"""API keys: what one looks like, what is kept of it, and how it is known again."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from adapters.access.policy import Action, Role
from adapters.access.principal import Principal
from adapters.access.refusals import ExpiryIsPast, IntegrationStandsAlone, RoleIsNotNamed, ScopeIsWiderThanRole
from domain.codes import CODE

PREFIX = "pnl_"
"""By this a key that lies where it should not is found by those who scan for such."""
WRITTEN = re.compile(r"pnl_([0-9a-f]{12})_([0-9a-f]{64})")
ID_BYTES, SECRET_BYTES = 6, 32
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key is to be. Errors: RoleIsNotNamed, IntegrationStandsAlone, ScopeIsWiderThanRole, ValueError for a name
    or a source that is not written as it must be (those who ask check that before)."""

    name: str
    roles: frozenset[Role]
    source: str | None = None
    scopes: frozenset[Action] | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.name) or not (self.source is None or re.fullmatch(CODE.pattern, self.source)):
            raise ValueError(f"neither a name nor a source is written like {self.name!r}, {self.source!r}")
        if not self.roles:
            raise RoleIsNotNamed(roles=", ".join(Role))
        if (Role.INTEGRATION in self.roles or self.source is not None) and (
            self.source is None or self.roles != {Role.INTEGRATION}
        ):
            raise IntegrationStandsAlone
        whole = Principal(self.name, self.roles, self.source)
        for action in sorted(self.scopes or ()):
            if not whole.may(action):
                raise ScopeIsWiderThanRole(action=action)

    def require_lasting(self, now: datetime) -> None:
        """Errors: ExpiryIsPast."""
        if self.expires_at is not None and self.expires_at <= now:
            raise ExpiryIsPast


@dataclass(frozen=True, slots=True)
class Minted:
    """A key that was just made. `text` is shown once and kept nowhere; `secret_hash` (32 bytes) is kept."""

    id: str
    text: str
    secret_hash: bytes


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key as it is kept. Times have a zone."""

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

    def living(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def is_of(self, secret: str) -> bool:
        """Whether it is this key's secret; takes as long whether or not."""
        return hmac.compare_digest(hashed(secret), self.secret_hash)

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.roles, self.source, self.scopes)


def minted() -> Minted:
    """A new key with a secret of 256 random bits."""
    name, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
    return Minted(name, f"{PREFIX}{name}_{secret}", hashed(secret))


def hashed(secret: str) -> bytes:
    """SHA-256: nobody guesses 256 random bits, so no slow hash is needed, which every request would pay for."""
    return hashlib.sha256(secret.encode()).digest()


def read(text: str) -> tuple[str, str] | None:
    """(id, secret) of a key's text; None where it is none."""
    found = WRITTEN.fullmatch(text)
    return None if found is None else (found[1], found[2])
