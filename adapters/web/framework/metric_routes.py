"""Routes of metrics: a period, a segment and a moment give an answer, which names the log position it is as of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from inspect import Parameter as Argument
from inspect import Signature, cleandoc, signature
from typing import Annotated, Any, get_args, get_type_hints

from fastapi import FastAPI, Query, Request, Response
from psycopg import Connection

from adapters.access.policy import Action
from adapters.web.framework import openapi
from adapters.web.framework.openapi import Raised
from adapters.web.framework.plain import answered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner, refuse_unknown
from adapters.web.framework.question_queue import reader_of
from adapters.web.framework.writing import Code, Day, as_query_type
from projections.read_model import ReadModel
from queries.counts import By, bucket_count
from queries.question import AsOf, Parameter, Period, Segment

LIGHT_BUCKETS = 120
LIGHT_DAYS = 3 * 366
"""The usual size of a dashboard: up to three years by month, or four months by day."""

EVERY_METRIC: Mapping[str, tuple[Any, Any]] = {
    "begins": (Annotated[Day, Query(alias="from", description="The first day.")], ...),
    "ends": (Annotated[Day, Query(alias="to", description="The day after the last.")], ...),
    "source": (Annotated[Code, Query(description="Only those who came by this source.")], None),
    "role": (Annotated[Code, Query(description="Only those of this role.")], None),
    "location": (Annotated[Code, Query(description="Only those of this location.")], None),
    "as_of": (AsOfText, None),
    "min_position": (MinPosition, None),
}
NO_HELP = Parameter("")


@dataclass(frozen=True, slots=True)
class MetricRoute:
    """One line of the table of contents: GET `path` answers the question from the read model.

    The question is a function (connection, period, as_of, segment, its own parameters with defaults). A `Parameter` in
    the annotation of one of its own parameters documents and limits it.
    """

    path: str
    action: Action
    question: Callable[..., Any]
    read_model: ReadModel
    raises: tuple[Raised, ...] = ()
    """The errors of this question; those of every metric need not be named."""


def add_metric(app: FastAPI, queries: QueryRunner, route: MetricRoute) -> None:
    """Add the route; its parameters are those of every metric and the question's own."""
    app.add_api_route(route.path, metric_endpoint(queries, route), **options_of(route))


@cache
def options_of(route: MetricRoute) -> Mapping[str, Any]:
    """Return the options with which the framework adds a route, computed once for all applications of the process."""
    answer = get_type_hints(route.question)["return"]
    return {
        "methods": ["GET"],
        "summary": cleandoc(route.question.__doc__ or "").split("\n\n")[0],
        "description": cleandoc(answer.__doc__ or ""),
        "operation_id": route.question.__name__,
        "tags": ["metrics"],
        "response_model": None,
        "responses": openapi.of_question(answer, route.raises),
    }


def metric_endpoint(queries: QueryRunner, route: MetricRoute) -> Callable[..., Awaitable[Response]]:
    """Return the function behind a route, with the signature that the framework reads the parameters from."""
    own = own_parameters(route.question)

    async def endpoint(request: Request, **given: Any) -> Response:
        refuse_unknown(request.query_params.multi_items(), accepted)
        period = Period(given["begins"], given["ends"])
        segment = Segment(given["source"], given["role"], given["location"])
        options = {name: given[name] for name in own}
        question = partial(answer_to, route.question, period, segment, options)
        lane = queries.queue.lane(heavy=is_heavy(period, options.get("by", "month")))
        reader = reader_of(request.scope["principal"])

        async def run(work: Callable[[], Any]) -> Response:
            """Return the answer, written in the thread that computes it."""
            return await lane.run(reader, lambda: answered(work()))

        answer: Response = await queries.ask(route.read_model, question, given["as_of"], given["min_position"], run)
        return answer

    parameters = {**EVERY_METRIC, **own}
    accepted = {alias_of(name, hint) for name, (hint, _) in parameters.items()}
    endpoint.__signature__ = signature_of(parameters)  # type: ignore[attr-defined]  # a function takes attributes
    return endpoint


def is_heavy(period: Period, by: By) -> bool:
    """Return whether a question about the period waits in the lane of heavy questions."""
    return bucket_count(period, by) > LIGHT_BUCKETS or (period.ends - period.begins).days > LIGHT_DAYS


def signature_of(parameters: Mapping[str, tuple[Any, Any]]) -> Signature:
    """Return the signature of the request and these parameters: name -> (type, default or ...)."""
    parts = [
        Argument(name, Argument.KEYWORD_ONLY, annotation=hint, default=Argument.empty if default is ... else default)
        for name, (hint, default) in parameters.items()
    ]
    return Signature([Argument("request", Argument.POSITIONAL_OR_KEYWORD, annotation=Request), *parts])


def alias_of(name: str, hint: Any) -> str:
    """Return the parameter's name in a URL."""
    aliases = [mark.alias for mark in getattr(hint, "__metadata__", ()) if getattr(mark, "alias", None)]
    return aliases[0] if aliases else name


def answer_to(
    question: Callable[..., Any],
    period: Period,
    segment: Segment,
    options: Mapping[str, Any],
    connection: Connection[Any],
    as_of: AsOf,
) -> Any:
    """Return the answer to the question with these options."""
    return question(connection, period, as_of, segment, **options)


@cache
def own_parameters(question: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Return a question's own parameters, by name: (type, default)."""
    hints = get_type_hints(question, include_extras=True)
    return {
        name: (query_parameter(name, hints[name]), parameter.default)
        for name, parameter in signature(question).parameters.items()
        if name not in ("connection", "period", "as_of", "segment")
    }


def query_parameter(name: str, hint: Any) -> Any:
    """Return the type for the framework, with the name, the description and the limits in its annotation."""
    mark = next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Parameter)), NO_HELP)
    query = Query(
        alias=mark.name or name,
        description=mark.help or None,
        ge=mark.at_least,
        le=mark.at_most,
        max_length=mark.longest,
        pattern=mark.pattern,
    )
    annotated: Any = Annotated[as_query_type(get_args(hint)[0] if mark is not NO_HELP else hint), query]
    return annotated
