"""Bearer tokens of an OIDC issuer: whether one is good, whom it names, and which of our roles they have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jwt
from jwt import PyJWK
from jwt.exceptions import InvalidAlgorithmError, InvalidSignatureError, PyJWTError

from adapters.access.jwks import KeySet
from adapters.access.policy import Role
from adapters.access.principal import OIDC, Principal
from adapters.access.refusals import KeyIsNotValid
from domain.codes import CODE

LEEWAY_SECONDS = 30
LONGEST = 16 * 1024
NEEDED = ("iss", "aud", "exp", "sub")
OURS: Mapping[str, Role] = {role.value: role for role in Role if role is not Role.INTEGRATION}
"""An integration needs a source, which no token names: those have keys."""


@dataclass(frozen=True, slots=True)
class OidcTokens:
    """Checks tokens of one issuer for one audience.

    `roles_claim`: where the roles stand, such as 'roles' or 'realm_access.roles'. `pseudonym`: a keyed hash, for those
    whose `sub` is not written as a code.
    """

    issuer: str
    audience: str
    keys: KeySet
    roles_claim: str
    pseudonym: Callable[[bytes], str]

    def principal(self, token: str) -> Principal:
        """Return the principal that the token names. Errors: KeyIsNotValid, TokensCannotBeChecked."""
        claims = self._claims(token)
        subject = claims["sub"]
        whole = f"{self.issuer}\n{subject}".encode("utf-8", "surrogatepass")
        name = subject if re.fullmatch(CODE.pattern, subject) else self.pseudonym(whole)
        return Principal(name, roles_in(claims, self.roles_claim), kind=OIDC)

    def _claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid token. Errors: KeyIsNotValid, TokensCannotBeChecked."""
        if len(token) > LONGEST:
            raise KeyIsNotValid
        try:
            header = jwt.get_unverified_header(token)
            if "crit" in header:
                raise KeyIsNotValid
            for key in self.keys.find(str(header.get("kid", ""))):
                with suppress(InvalidSignatureError, InvalidAlgorithmError):
                    return self._claims_by(token, key)
        except (PyJWTError, ValueError, TypeError):
            raise KeyIsNotValid from None
        raise KeyIsNotValid

    def _claims_by(self, token: str, key: PyJWK) -> dict[str, Any]:
        """Return the claims if this key signed them. The algorithm is the key's: the token must name the same."""
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=self.audience,
            issuer=self.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(NEEDED)},
        )


def roles_in(claims: Mapping[str, Any], name: str) -> frozenset[Role]:
    """Return the roles of ours that the claim lists; ignore all others."""
    claim: Any = claims.get(name)
    if claim is None:
        claim = claims
        for part in name.split("."):
            claim = claim.get(part) if isinstance(claim, Mapping) else None
    listed = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return frozenset(OURS[role] for role in listed if isinstance(role, str) and role in OURS)
