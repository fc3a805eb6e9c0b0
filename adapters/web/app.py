"""The HTTP application: the table of contents, bound to the services that answer."""

from __future__ import annotations

from fastapi import Response
from prometheus_client import CollectorRegistry

from adapters.postgres.log.changes import Following
from adapters.postgres.proof.tree_rows import Proofs
from adapters.web import routes
from adapters.web.endpoints.docs import add_docs
from adapters.web.endpoints.operations import LogMetrics
from adapters.web.framework.command_batcher import CommandBatcher
from adapters.web.framework.command_routes import add_commands
from adapters.web.framework.command_service import CommandService, PendingCommand
from adapters.web.framework.document import Api
from adapters.web.framework.endpoint import Parts, add_endpoints
from adapters.web.framework.idempotency import IdempotencyKeys
from adapters.web.framework.limits import (
    BodyLimitMiddleware,
    HeadMiddleware,
    MetricsMiddleware,
    QueryLimitMiddleware,
    TimeoutMiddleware,
)
from adapters.web.framework.metric_routes import add_metric
from adapters.web.framework.problems import answer_with_problems
from adapters.web.framework.query_runner import QueryRunner
from adapters.web.framework.rates import Limits, RateLimitMiddleware
from adapters.web.framework.who import AuthenticationMiddleware, guard
from adapters.web.services import Services

DESCRIPTION = """
Every change is an immutable event, and every answer names the log position it stands on.

* A command answers its `position`; a question with that as `min_position` waits until it knows of it.
* A question with `as_of` (a position, a time or a date) answers what was known then, for ever the same.
* A problem (RFC 9457) has a `type` that never changes its meaning: GET /problems lists them.
"""

ACTIONS = {
    **{(route.path, "POST"): route.action for route in routes.COMMANDS},
    **{(route.path, "GET"): route.action for route in routes.METRICS},
    **{(route.path, route.method): route.action for route in routes.ENDPOINTS},
}
"""The action of each method at each path."""


def create_app(services: Services) -> Api:
    """Return the application. Serve it with `server_of`. It does not close `services`; its caller does."""
    following = Following(services.log.recorder)
    commands, queries = CommandService(services), QueryRunner(services)
    batcher: CommandBatcher[PendingCommand, Response] = CommandBatcher(commands.answer_all)
    app = Api(
        routes.COMMANDS,
        ACTIONS,
        following.close,
        batcher.close,
        title="Perennial",
        version="1",
        description=DESCRIPTION,
        separate_input_output_schemas=False,
        https=services.https,
        bounds=services.bounds,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would lead to the host that the request names, which may be any
    )
    registry = CollectorRegistry()
    parts: Parts = {
        Services: services,
        QueryRunner: queries,
        IdempotencyKeys: commands.once,
        Following: following,
        Proofs: Proofs(services.log.recorder.datastore),
        CollectorRegistry: registry,
    }
    add_commands(app, batcher, commands, routes.COMMANDS)
    for metric in routes.METRICS:
        add_metric(app, queries, metric)
    for kind in routes.ENDPOINT_CLASSES:
        add_endpoints(app, kind, parts)
    registry.register(LogMetrics(services))
    add_docs(app)
    answer_with_problems(app)
    guard(app, ACTIONS)
    limits = Limits(services.rates)
    app.add_middleware(RateLimitMiddleware, limits=limits)
    app.add_middleware(AuthenticationMiddleware, authenticator=services.authenticator, limits=limits)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(BodyLimitMiddleware, bounds=services.bounds)
    app.add_middleware(QueryLimitMiddleware, bounds=services.bounds)
    app.add_middleware(TimeoutMiddleware, bounds=services.bounds)
    app.add_middleware(MetricsMiddleware, registry=registry)
    return app
