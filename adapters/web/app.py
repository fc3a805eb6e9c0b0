"""The HTTP application: the table of contents, bound to the services that answer."""

from __future__ import annotations

from fastapi import Response
from prometheus_client import CollectorRegistry

from adapters.postgres.log.changes import Following
from adapters.postgres.proof.tree_rows import Proofs
from adapters.web import routes
from adapters.web.endpoints.accesses import AccessEndpoints
from adapters.web.endpoints.addresses import AddressEndpoints
from adapters.web.endpoints.api_keys import ApiKeyEndpoints
from adapters.web.endpoints.belonging import BelongingEndpoints
from adapters.web.endpoints.bulk import BulkEndpoints
from adapters.web.endpoints.candidates import CandidateEndpoints
from adapters.web.endpoints.changes import ChangeEndpoints
from adapters.web.endpoints.consents import ConsentEndpoints
from adapters.web.endpoints.deliveries import DeliveryEndpoints
from adapters.web.endpoints.directory import DirectoryEndpoints
from adapters.web.endpoints.dispatches import DispatchEndpoints
from adapters.web.endpoints.docs import add_docs
from adapters.web.endpoints.erasures import ErasureEndpoints
from adapters.web.endpoints.imports import ImportEndpoints
from adapters.web.endpoints.inbound import InboundEndpoints
from adapters.web.endpoints.jobs import JobEndpoints
from adapters.web.endpoints.operations import LogMetrics, OperationEndpoints
from adapters.web.endpoints.proofs import ProofEndpoints
from adapters.web.endpoints.receipts import ReceiptEndpoints
from adapters.web.endpoints.retention import RetentionEndpoints
from adapters.web.endpoints.subject_access import SubjectAccessEndpoints
from adapters.web.framework.command_batcher import CommandBatcher
from adapters.web.framework.command_routes import add_commands
from adapters.web.framework.command_service import CommandService, PendingCommand
from adapters.web.framework.document import Api
from adapters.web.framework.limits import AnsweredInTime, BoundedBody, BoundedQuery, HeadAsGet, Metered
from adapters.web.framework.page import add_page
from adapters.web.framework.problems import answer_with_problems
from adapters.web.framework.query_runner import QueryRunner, add_metric
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
    **{(route.path, route.method): route.action for route in routes.PAGES},
}
"""What is done by each method at each path, as the table of contents says."""


def create_app(services: Services) -> Api:
    """The application. Serve it with `server_of`; `services` are closed by whoever opened them."""
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
        redirect_slashes=False,  # it would send people to whatever host the request named
    )
    registry = CollectorRegistry()
    pages = {
        ApiKeyEndpoints: ApiKeyEndpoints(services),
        AccessEndpoints: AccessEndpoints(services, queries),
        BelongingEndpoints: BelongingEndpoints(services, queries),
        BulkEndpoints: BulkEndpoints(services, commands.once),
        CandidateEndpoints: CandidateEndpoints(services, queries),
        ChangeEndpoints: ChangeEndpoints(services, following),
        ConsentEndpoints: ConsentEndpoints(services, queries),
        DeliveryEndpoints: DeliveryEndpoints(services),
        DirectoryEndpoints: DirectoryEndpoints(services, queries),
        DispatchEndpoints: DispatchEndpoints(services, queries),
        ErasureEndpoints: ErasureEndpoints(services, queries),
        AddressEndpoints: AddressEndpoints(services),
        ImportEndpoints: ImportEndpoints(services),
        InboundEndpoints: InboundEndpoints(services),
        JobEndpoints: JobEndpoints(services),
        OperationEndpoints: OperationEndpoints(services, registry),
        ProofEndpoints: ProofEndpoints(services),
        RetentionEndpoints: RetentionEndpoints(services, queries),
        SubjectAccessEndpoints: SubjectAccessEndpoints(services),
        ReceiptEndpoints: ReceiptEndpoints(services, Proofs(services.log.recorder.datastore)),
    }
    add_commands(app, batcher, commands, routes.COMMANDS)
    for metric in routes.METRICS:
        add_metric(app, queries, metric)
    for page in routes.PAGES:
        add_page(app, pages, page)
    registry.register(LogMetrics(services))
    add_docs(app)
    answer_with_problems(app)
    guard(app, ACTIONS)
    limits = Limits(services.rates)
    app.add_middleware(RateLimitMiddleware, limits=limits)
    app.add_middleware(AuthenticationMiddleware, authenticator=services.authenticator, limits=limits)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BoundedBody, bounds=services.bounds)
    app.add_middleware(BoundedQuery, bounds=services.bounds)
    app.add_middleware(AnsweredInTime, bounds=services.bounds)
    app.add_middleware(Metered, registry=registry)
    return app
