"""The endpoints that make, list and revoke API keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from adapters.access.keys import NAME, KeptKey, State, Wanted
from adapters.access.policy import Action, Role
from adapters.access.refusals import ExpiryIsPast, IntegrationStandsAlone, KeyDoesNotExist, ScopeIsWiderThanRole
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Moment
from adapters.web.services import Services
from domain.codes import CODE


class ApiKeyToMake(BaseModel):
    """The owner of a new key, and its permissions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME, description="The owner; the actor in the log is user:<name>.")
    roles: tuple[Role, ...] = Field(min_length=1, max_length=len(Role), description="The owner's roles.")
    source: str | None = Field(None, pattern=CODE.pattern, description="For an integration: the code of its system.")
    scopes: tuple[Action, ...] | None = Field(
        None, max_length=len(Action), description="Only these actions of its roles; omitted: all of them."
    )
    expires_at: Moment | None = Field(None, description="When it expires; omitted: never, until revoked.")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. `scopes`: null means every action of its roles."""

    id: str
    name: str
    roles: Sequence[Role]
    source: str | None
    scopes: Sequence[Action] | None
    state: State
    made_at: datetime
    made_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A new key. `key`: the secret that its owner sends. It is in this answer only, and is not stored."""

    key: str
    about: ApiKey


@dataclass(frozen=True, slots=True)
class ListOfApiKeys:
    """All keys, newest first."""

    api_keys: Sequence[ApiKey]


API_KEY: Mapping[str, Any] = {
    "id": "3f9c0a51d2e7",
    "name": "ana",
    "roles": ["recruiter"],
    "source": None,
    "scopes": None,
    "state": "good",
    "made_at": "2026-05-04T09:30:00.120000Z",
    "made_by": "user:ben",
    "expires_at": None,
    "revoked_at": None,
    "revoked_by": None,
}


@dataclass(frozen=True, slots=True)
class ApiKeyEndpoints:
    """The endpoints for API keys."""

    services: Services

    def make_api_key(self, wanted: ApiKeyToMake, who: Who) -> Answered[NewApiKey]:
        """Make an API key. Its secret is in this answer only.

        A repeated request makes a second key; revoke the one that is not in use.
        """
        now, keys = self.services.now(), self.services.api_keys
        scopes = None if wanted.scopes is None else frozenset(wanted.scopes)
        made = keys.make(
            Wanted(wanted.name, frozenset(wanted.roles), wanted.source, scopes, wanted.expires_at), who.actor, now
        )
        return answered(NewApiKey(made.text, about(made.kept, now)), headers={"Cache-Control": "no-store"})

    def api_keys(self) -> Answered[ListOfApiKeys]:
        """List all API keys with their owners, permissions and states."""
        now = self.services.now()
        return answered(ListOfApiKeys([about(key, now) for key in self.services.api_keys.all()]))

    def revoke_api_key(
        self,
        api_key: Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="The key's id: pnl_<id>_...")],
        who: Who,
    ) -> Answered[ApiKey]:
        """Revoke a key. Every server refuses it within five seconds. Safe to repeat."""
        now = self.services.now()
        return answered(about(self.services.api_keys.revoke(api_key, who.actor, now), now))

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/api-keys",
            Action.MANAGE_KEYS,
            make_api_key,
            example={"key": f"pnl_3f9c0a51d2e7_{'0' * 64}", "about": API_KEY},
            raises=(IntegrationStandsAlone, ScopeIsWiderThanRole, ExpiryIsPast),
            body={"name": "ana", "roles": ["recruiter"], "expires_at": "2030-01-01T00:00:00Z"},
        ),
        Endpoint("GET", "/v1/api-keys", Action.MANAGE_KEYS, api_keys, example={"api_keys": [API_KEY]}),
        Endpoint(
            "DELETE",
            "/v1/api-keys/{api_key}",
            Action.MANAGE_KEYS,
            revoke_api_key,
            example={**API_KEY, "state": "revoked"},
            raises=(KeyDoesNotExist,),
        ),
    )


def about(key: KeptKey, now: datetime) -> ApiKey:
    return ApiKey(
        id=key.id,
        name=key.name,
        roles=sorted(key.roles),
        source=key.source,
        scopes=None if key.scopes is None else sorted(key.scopes),
        state=key.state(now),
        made_at=key.made_at,
        made_by=key.made_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        revoked_by=key.revoked_by,
    )
