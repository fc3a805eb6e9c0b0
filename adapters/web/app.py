"""The HTTP application: the table of contents, bound to the services that answer."""

from __future__ import annotations

from fastapi import Response
from prometheus_client import CollectorRegistry

from adapters.postgres.changes import Following
from adapters.postgres.proof.tree_rows import Proofs
from adapters.web import routes
from adapters.web.accesses import AccessPages
from adapters.web.addresses import AddressPages
from adapters.web.api_keys import ApiKeyPages
from adapters.web.asking import Asker, add_metric
from adapters.web.belonging import BelongingPages
from adapters.web.bulk import BulkPages
from adapters.web.candidates import CandidatePages
from adapters.web.changes import ChangePages
from adapters.web.command_routes import add_commands
from adapters.web.commanding import Asking, Desk
from adapters.web.consents import ConsentPages
from adapters.web.counter import Counter
from adapters.web.deliveries import DeliveryPages
from adapters.web.directory import DirectoryPages
from adapters.web.dispatches import DispatchPages
from adapters.web.docs import add_docs
from adapters.web.document import Api
from adapters.web.erasure import ErasurePages
from adapters.web.imports import ImportPages
from adapters.web.inbound import InboundPages
from adapters.web.jobs import JobPages
from adapters.web.limits import AnsweredInTime, BoundedBody, BoundedQuery, HeadAsGet, Metered
from adapters.web.operations import LogMetrics, OperationPages
from adapters.web.page import add_page
from adapters.web.problems import tell_problems
from adapters.web.proofs import ProofPages
from adapters.web.rates import Limits, Rated
from adapters.web.receipts import ReceiptPages
from adapters.web.retention import RetentionPages
from adapters.web.services import Services
from adapters.web.subject_access import SubjectAccessPages
from adapters.web.who import Introduced, guard

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
