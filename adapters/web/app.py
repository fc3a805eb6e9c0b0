"""The HTTP application: the table of contents, bound to the services that answer."""

from __future__ import annotations

from fastapi import Response
from prometheus_client import CollectorRegistry

from adapters.postgres.log.changes import Following
from adapters.postgres.proof.tree_rows import Proofs
from adapters.web import routes
from adapters.web.endpoints.accesses import AccessPages
from adapters.web.endpoints.addresses import AddressPages
from adapters.web.endpoints.api_keys import ApiKeyPages
from adapters.web.endpoints.belonging import BelongingPages
from adapters.web.endpoints.bulk import BulkPages
from adapters.web.endpoints.candidates import CandidatePages
from adapters.web.endpoints.changes import ChangePages
from adapters.web.endpoints.consents import ConsentPages
from adapters.web.endpoints.deliveries import DeliveryPages
from adapters.web.endpoints.directory import DirectoryPages
from adapters.web.endpoints.dispatches import DispatchPages
from adapters.web.endpoints.docs import add_docs
from adapters.web.endpoints.erasures import ErasurePages
from adapters.web.endpoints.imports import ImportPages
from adapters.web.endpoints.inbound import InboundPages
from adapters.web.endpoints.jobs import JobPages
from adapters.web.endpoints.operations import LogMetrics, OperationPages
from adapters.web.endpoints.proofs import ProofPages
from adapters.web.endpoints.receipts import ReceiptPages
from adapters.web.endpoints.retention import RetentionPages
from adapters.web.endpoints.subject_access import SubjectAccessPages
from adapters.web.framework.asking import Asker, add_metric
from adapters.web.framework.command_routes import add_commands
from adapters.web.framework.commanding import Asking, Desk
from adapters.web.framework.counter import Counter
from adapters.web.framework.document import Api
from adapters.web.framework.limits import AnsweredInTime, BoundedBody, BoundedQuery, HeadAsGet, Metered
from adapters.web.framework.page import add_page
from adapters.web.framework.problems import tell_problems
from adapters.web.framework.rates import Limits, Rated
from adapters.web.framework.who import Introduced, guard
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
    desk, asker = Desk(services), Asker(services)
    counter: Counter[Asking, Response] = Counter(desk.answer_all)
    app = Api(
        routes.COMMANDS,
        ACTIONS,
        following.close,
        counter.close,
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
        ApiKeyPages: ApiKeyPages(services),
        AccessPages: AccessPages(services, asker),
        BelongingPages: BelongingPages(services, asker),
        BulkPages: BulkPages(services, desk.once),
        CandidatePages: CandidatePages(services, asker),
        ChangePages: ChangePages(services, following),
        ConsentPages: ConsentPages(services, asker),
        DeliveryPages: DeliveryPages(services),
        DirectoryPages: DirectoryPages(services, asker),
        DispatchPages: DispatchPages(services, asker),
        ErasurePages: ErasurePages(services, asker),
        AddressPages: AddressPages(services),
        ImportPages: ImportPages(services),
        InboundPages: InboundPages(services),
        JobPages: JobPages(services),
        OperationPages: OperationPages(services, registry),
        ProofPages: ProofPages(services),
        RetentionPages: RetentionPages(services, asker),
        SubjectAccessPages: SubjectAccessPages(services),
        ReceiptPages: ReceiptPages(services, Proofs(services.log.recorder.datastore)),
    }
    add_commands(app, counter, desk, routes.COMMANDS)
    for metric in routes.METRICS:
        add_metric(app, asker, metric)
    for page in routes.PAGES:
        add_page(app, pages, page)
    registry.register(LogMetrics(services))
    add_docs(app)
    tell_problems(app)
    guard(app, ACTIONS)
    limits = Limits(services.rates)
    app.add_middleware(Rated, limits=limits)
    app.add_middleware(Introduced, doorkeeper=services.doorkeeper, limits=limits)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BoundedBody, bounds=services.bounds)
    app.add_middleware(BoundedQuery, bounds=services.bounds)
    app.add_middleware(AnsweredInTime, bounds=services.bounds)
    app.add_middleware(Metered, registry=registry)
    return app
