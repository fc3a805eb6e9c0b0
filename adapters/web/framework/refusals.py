"""Request errors raised before any domain rule is checked."""

from __future__ import annotations

from domain.errors import Refused


class IdempotencyKeyWasUsedForAnotherRequest(Refused):
    """Idempotency-Key reused

    The Idempotency-Key was sent before with another request.

    Use a new key for each request; repeat a key only with the same method, path and body.
    """

    where = "Idempotency-Key"


class RequestIsInFlight(Refused):
    """Request still in progress

    Another request with this Idempotency-Key is in progress.

    Wait a moment and send the same request again to get its response.
    """

    where = "Idempotency-Key"


class BodyIsNotDeclaredAsJson(Refused):
    """Unsupported content type

    The Content-Type of the body is not JSON in UTF-8.

    Send it with Content-Type: application/json.
    """

    where = "Content-Type"


class PreconditionCannotBeRead(Refused):
    """Invalid If-Match

    If-Match is not the version of a stream.

    Send the ETag of an earlier response, such as "7", with its quotes.
    """

    where = "If-Match"


class AsOfCannotBeRead(Refused):
    """Invalid 'as_of'

    'as_of' is not a time with a zone, a date or a log position.

    Write it like 2026-05-04T09:30:00Z, 2026-05-04 (the end of that day) or position:1200.
    """

    where = "as_of"


class AsOfNumberIsBare(Refused):
    """Ambiguous 'as_of'

    'as_of' is the number {number}, which can mean a year or a log position.

    Write a log position like position:1200, and a year as its last day, like 2024-12-31.
    """

    where = "as_of"


class TooManyQuestionsWait(Refused):
    """Too many queries at once

    {waiting} queries of this key are waiting, or this one waited for a minute.

    Wait for their responses, then send fewer at once or ask for shorter periods.
    """


class EventTypeIsUnknown(Refused):
    """Unknown event type

    There is no event type '{type}'.

    Name types as in the log, such as candidate-sourced.v1, in their newest version.
    """

    where = "types"


class PartsDoNotRun(Refused):
    """Service partly down

    These parts of the service are not running: {parts}.

    Wait: an embedded database is restarted within seconds, and the log of the service says why it ended. If this
    persists, restart the service.
    """


class ProblemDoesNotExist(Refused):
    """Unknown problem type

    There is no problem type of this name.

    List all of them: GET /problems.
    """


class BodyIsNoFileOfHistory(Refused):
    """Unsupported file type

    The Content-Type is neither CSV nor NDJSON.

    Send it with Content-Type: text/csv or application/x-ndjson.
    """

    where = "Content-Type"


class ImportDoesNotExist(Refused):
    """Unknown import

    There is no import {id}, or its record was removed.

    List the imports: GET /v1/imports.
    """


class ImportHasNotEnded(Refused):
    """Import still running

    The import {id} has not ended.

    Wait until it ends. What it has recorded stays recorded.
    """


class ImportRejectedNothing(Refused):
    """No rejected lines

    The import {id} has no rejected line.

    Nothing needs to be corrected.
    """


class TouchpointsWereRefused(Refused):
    """Touchpoints refused

    {refused} of {asked} touchpoints were refused, so none was recorded.

    Correct those listed in 'errors', or use mode 'each', which records the others.
    """

    where = "touchpoints"


class CursorCannotBeRead(Refused):
    """Invalid cursor

    The cursor was not issued by this endpoint.

    Send the `next` of a page, or no cursor for the first page.
    """

    where = "cursor"


class ChannelIsAskedWithoutConsent(Refused):
    """Channel without a purpose

    'channel' is given without 'consent', the purpose that a consent on this channel is for.

    Name the purpose in 'consent', or leave the channel out.
    """

    where = "channel"


class EventDoesNotExist(Refused):
    """Unknown event

    There is no event {event}.

    Take the id from the response to the command that wrote the event, or from a timeline.
    """

    where = "event"


class ProofIsPending(Refused):
    """Not yet in a signed checkpoint

    No signed checkpoint covers this event yet.

    Send the request again in a few seconds. If this persists, check that the sequencer runs.
    """


class TileDoesNotExist(Refused):
    """Unknown tile

    The log's tree has no such tile, or not of that width.

    Write the path as C2SP tlog-tiles does: level, index in groups of three digits, and .p/ with the width of a partial
    tile.
    """

    where = "path"


class SizeWasNotSigned(Refused):
    """Unknown tree size

    No proof is possible for {size} events: the newest checkpoint has {newest}.

    Send sizes from 1 up to that, the smaller one first.
    """

    where = "from"


class CheckpointWasNotPublished(Refused):
    """Unknown checkpoint

    No checkpoint of {size} events was published; the newest has {newest}.

    Send the size of a checkpoint that you hold: its second line.
    """

    where = "from_size"


class BundleIsOfOneThing(Refused):
    """Ambiguous audit bundle

    A bundle covers either one candidate or all events after a position.

    Send one of the two parameters: candidate or since.
    """

    where = "candidate"
