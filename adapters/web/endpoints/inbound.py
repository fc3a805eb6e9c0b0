"""The endpoint for webhooks of integrations. The raw body is verified before it is parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from fastapi import Path, Request
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.intake.integrations.handshakes import HandshakeIsNotOpen
from adapters.intake.integrations.inbound import (
    DeliveryCannotBeRead,
    DeliveryIsStale,
    Inbox,
    Integration,
    IntegrationHasNoSecret,
    Received,
    SignatureIsWrong,
    TokenWasUsed,
)
from adapters.intake.integrations.index import INTEGRATIONS, IntegrationDoesNotExist, integration_named
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.plain import Answered, rendered
from adapters.web.services import Services

Source = Annotated[str, Path(description="The integration.", json_schema_extra={"enum": list(INTEGRATIONS)})]


SIGNED: Mapping[str, Any] = {
    "parameters": [
        {
            "name": name,
            "in": "header",
            "description": f"{integration.title}: {meaning}.",
            "schema": {"type": "string"},
        }
        for integration in INTEGRATIONS.values()
        for name, meaning in integration.signs.items()
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"action": "ping", "payload": {}},
            }
        },
    },
}


@dataclass(frozen=True, slots=True)
class InboundEndpoints:
    """The endpoint for integrations."""

    services: Services

    async def receive_delivery(self, source: Source, request: Request) -> Answered[Received]:
        """Receive a webhook of an integration, with the integration's signature.

        'applied': what was new became events. 'waiting': it arrived before its cause, and is applied after it. 'kept':
        not used, for the given reason. 'duplicate': a delivery with the same content arrived before, with any id.
        'handshake': the secret was accepted. Every signed delivery is stored encrypted.
        """
        services, integration, headers = self.services, integration_named(source), dict(request.headers)
        configured = services.secrets.get(integration.name, ())
        if integration.handshake is not None and integration.handshake in headers:
            return await self._shake_hands(integration, configured, headers[integration.handshake])
        learned = await run_in_threadpool(services.handshakes.secrets, integration)
        secrets = (*configured, *learned)
        if not secrets:
            raise IntegrationHasNoSecret  # before the body is read, because its signature cannot be verified
        inbox = Inbox(services.log, services.verbs, services.key_file, services.seal_delivery, services.zone)
        body = await request.body()
        return await rendered(
            await run_in_threadpool(inbox.receive, integration, secrets, headers, body, services.now())
        )

    async def _shake_hands(
        self, integration: Integration, configured: Sequence[str], secret: str
    ) -> Answered[Received]:
        """Store the secret of an open handshake, and answer with it. Errors: HandshakeIsNotOpen."""
        learn, now = self.services.handshakes.learn, self.services.now()
        await run_in_threadpool(learn, integration, configured, secret, now)
        return await rendered(Received("handshake"), {integration.handshake or "": secret})

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/inbound/{source}",
            Action.DELIVER,
            receive_delivery,
            example={"outcome": "applied", "reason": None, "position": 1204, "events": 3},
            raises=(
                DeliveryCannotBeRead,
                DeliveryIsStale,
                TokenWasUsed,
                HandshakeIsNotOpen,
                SignatureIsWrong,
                IntegrationDoesNotExist,
                IntegrationHasNoSecret,
            ),
            extra=SIGNED,
        ),
    )
