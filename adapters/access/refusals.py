"""Errors of authentication and authorisation; none reveals whether a key or an object exists."""

from __future__ import annotations

from domain.errors import Conflict, Invalid, NotFound, Refused


class KeyIsMissing(Refused):
    """Authentication required

    The request has no API key and no token.

    Send one: Authorization: Bearer <key>.
    """

    where = "Authorization"


class KeyIsNotValid(Refused):
    """Invalid API key or token

    The API key or token is misspelt, expired, revoked, or was not issued for Perennial.

    Ask the operator of this service for a new one.
    """

    where = "Authorization"


class TokensCannotBeChecked(Refused):
    """Token issuer not reachable

    The issuer's keys, which are needed to check tokens, cannot be fetched.

    Send the request again later, or use an API key, which needs no issuer.
    """

    where = "Authorization"


class RequestIsCrossSite(Refused):
    """Cross-site request

    A browser sent this request on behalf of a page of another site.

    Open the address directly, or send the request from a program, which sends no Sec-Fetch-Site header.
    """

    where = "Sec-Fetch-Site"


class RoleMayNot(Refused):
    """Action not permitted

    The action '{action}' is not permitted to this key or token.

    Use a key or token whose role permits it; docs/access.md lists the roles.
    """

    where = "Authorization"


class SourceIsNotYours(Refused):
    """Source outside the key's permission

    '{field}' names another source than '{source}', the only one that this key may write for.

    Leave it out, or send '{source}'.
    """


class PersonIsNotYours(Refused):
    """Candidate outside the key's source

    '{field}' names a candidate who did not come from '{source}', the only source that this key may write for.

    Source the candidate first, or use a key that may write about every candidate.
    """


class IdIsTaken(Conflict):
    """Id already in use

    The id in '{field}' is already in use.

    Leave it out to have one generated, or send another.
    """


class IntegrationStandsAlone(Invalid):
    """Role 'integration' needs a source, and no other role

    A key with the role 'integration' has exactly one source and no other role; any other key has no source.

    Create a key with the role 'integration' alone and its source, or a key without a source.
    """

    where = "source"


class ScopeIsWiderThanRole(Invalid):
    """Scope exceeds the key's roles

    The scope '{action}' is not permitted by the roles of the key.

    Leave the scope out, or give the key a role that permits it: a scope can only narrow the roles.
    """

    where = "scopes"


class ExpiryIsPast(Invalid):
    """Expiry time in the past

    The key would expire before it is created.

    Send an expiry time in the future, or leave it out.
    """

    where = "expires_at"


class KeyDoesNotExist(NotFound):
    """Unknown API key

    There is no API key {key}.

    List the keys: `perennial api-keys list`, or GET /v1/api-keys.
    """

    where = "key"
