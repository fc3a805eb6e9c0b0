"""Why somebody is not let in, or not let do it; none of these tells whether a key or an object exists."""

from __future__ import annotations

from domain.errors import Conflict, Invalid, NotFound, Refused


class KeyIsMissing(Refused):
    """Nothing says who asks.

    Send an API key or a token: Authorization: Bearer <key>.
    """

    where = "Authorization"


class KeyIsNotValid(Refused):
    """The key or the token is not valid: misspelt, expired, revoked, or not meant for Perennial.

    Ask whoever runs Perennial for a new one.
    """

    where = "Authorization"


class TokensCannotBeChecked(Refused):
    """The keys by which tokens are checked cannot be fetched from the issuer.

    Send the request again in a while; API keys work meanwhile.
    """

    where = "Authorization"


class RequestIsCrossSite(Refused):
    """A browser sends this request for a page of another site.

    Open the address itself, or ask from a program: those send no Sec-Fetch-Site.
    """

    where = "Sec-Fetch-Site"


class RoleMayNot(Refused):
    """'{action}' is none of the things that this key or token may do.

    Ask with one whose role may; docs/access.md says which do.
    """

    where = "Authorization"


class SourceIsNotYours(Refused):
    """'{field}' names another source than '{source}', for which this key speaks.

    Leave it out, or send '{source}'; what others say is theirs to send.
    """


class PersonIsNotYours(Refused):
    """'{field}' names nobody who came from '{source}', for which this key speaks.

    Source them first, or leave it to somebody who may write about anybody.
    """


class IdIsTaken(Conflict):
    """The id in '{field}' is taken.

    Leave it out, and one is made, or send another.
    """


class IntegrationStandsAlone(Invalid):
    """The role 'integration' and a source belong together, and no other role beside them.

    Make a key of the role 'integration' alone with the source that it may write for, or one without a source.
    """

    where = "source"


class ScopeIsWiderThanRole(Invalid):
    """'{action}' is nothing that the key's roles may do.

    A scope narrows what the roles may: leave it out, or give the key a role that may.
    """

    where = "scopes"


class ExpiryIsPast(Invalid):
    """The key would expire before it is made.

    Name a time that is still to come, or none.
    """

    where = "expires_at"


class KeyDoesNotExist(NotFound):
    """There is no API key {key}.

    List them: `perennial api-keys list`, or GET /v1/api-keys.
    """

    where = "key"
