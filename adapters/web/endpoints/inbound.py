"""Outside systems bring their deliveries here; the raw body is verified before anybody reads it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from adapters.intake.integrations.inbound import Inbox, Integration, IntegrationHasNoSecret, Received
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.web.framework.plain import Answered, rendered
from adapters.web.services import Services


@dataclass(frozen=True, slots=True)
class InboundEndpoints:
    """The endpoints for integrations."""

    services: Services

    async def greenhouse(self, request: Request) -> Answered[Received]:
        """A Greenhouse webhook: `Signature: sha256 <hex>` over the raw body, `Greenhouse-Event-ID` its id.

        'applied': understood, and what was new became events. 'waiting': it came before its cause, and is applied once
        that has come. 'kept': not used, for the reason given. 'duplicate': a delivery that says the same came before,
        under whatever id. Whatever is signed is kept, sealed.
        """
        return await self._receive(INTEGRATIONS["greenhouse"], request)

    async def _receive(self, integration: Integration, request: Request) -> Answered[Received]:
        services = self.services
        secrets = services.secrets.get(integration.source, ())
        if not secrets:
            raise IntegrationHasNoSecret  # before the body is read: nothing could tell whose it is
        inbox = Inbox(services.log, services.verbs, services.key_file, services.seal_delivery, services.zone)
        headers = dict(request.headers)
        body = await request.body()
        return await rendered(
            await run_in_threadpool(inbox.receive, integration, secrets, headers, body, services.now())
        )
