"""What can stand in the way of a request before any rule of recruiting is asked."""

from __future__ import annotations

from domain.errors import Refused


class IdempotencyKeyWasUsedForAnotherRequest(Refused):
    """The Idempotency-Key was sent before, with another request.

    Use a new key for each request; repeat a key only with the same method, path and body.
    """

    where = "Idempotency-Key"


class RequestIsInFlight(Refused):
    """A request with this Idempotency-Key is being handled at this moment.

    Wait a little and send the same request again: you will get its answer.
    """

    where = "Idempotency-Key"


class BodyIsNotDeclaredAsJson(Refused):
    """The body is not declared as JSON in UTF-8.

    Send it with Content-Type: application/json.
    """

    where = "Content-Type"


class PreconditionCannotBeRead(Refused):
    """If-Match is not the version of a stream.

    Send the ETag that you were given, like "7", in its quotes.
    """

    where = "If-Match"


class AsOfCannotBeRead(Refused):
    """'as_of' is neither a time with its zone nor a date nor a log position.

    Write it like 2026-05-04T09:30:00Z, 2026-05-04 (the end of that day) or position:1200.
    """

    where = "as_of"


class AsOfNumberIsBare(Refused):
    """'as_of' is the bare number {number}, which may be a year as well as a log position.

    Write a log position like position:1200, and a year as its last day, like 2024-12-31.
    """

    where = "as_of"


class TooManyQuestionsWait(Refused):
    """{waiting} questions of this key wait already, or this one waited for a minute.

    Wait for their answers, then ask again; ask fewer at once, or for shorter periods.
    """


class EventTypeIsUnknown(Refused):
    """There are no events of the type '{type}'.

    Name types as the log does, such as candidate-sourced.v1, in their newest version.
    """

    where = "types"


class ReadModelIsBehind(Refused):
    """The read model '{name}' stands at position {position} and did not reach {wanted} in {seconds} seconds.

    Ask again later, or ask for an older position; /v1/projections shows how far it has come.
    """


class PartsDoNotRun(Refused):
    """These parts of the service do not run: {parts}.

    An embedded database is started again within seconds; the log of the service says why it ended. If this stays,
    restart the service.
    """


class ProblemDoesNotExist(Refused):
    """No problem has this name.

    GET /problems lists them all.
    """


class BodyIsNoFileOfHistory(Refused):
    """The body is declared neither as CSV nor as NDJSON.

    Send it with Content-Type: text/csv or application/x-ndjson.
    """

    where = "Content-Type"


class ImportDoesNotExist(Refused):
    """There is no import {id}, or it was forgotten.

    GET /v1/imports lists them.
    """


class ImportHasNotEnded(Refused):
    """The import {id} has not ended.

    Wait for its end; what it recorded stays in any case.
    """


class ImportRejectedNothing(Refused):
    """The import {id} has no rejected line.

    There is nothing to mend so far.
    """


class TouchpointsWereRefused(Refused):
    """{refused} of {asked} touchpoints are refused, so none was recorded.

    Mend those that 'errors' names, or ask for mode 'each', which records the others.
    """

    where = "touchpoints"


class CursorCannotBeRead(Refused):
    """The cursor is none that was given out here.

    Ask with the `next` of a page, or without a cursor for the first.
    """

    where = "cursor"


class ChannelIsAskedWithoutConsent(Refused):
    """'channel' says where a consent must hold, and no 'consent' is asked for.

    Name the purpose in 'consent', or leave the channel out.
    """

    where = "channel"


class EventDoesNotExist(Refused):
    """The log holds no event {event}.

    Take its id from the answer that wrote it, or from a timeline.
    """

    where = "event"


class ProofIsPending(Refused):
    """No signed checkpoint covers that yet.

    Ask again: it takes a few seconds, while the sequencer runs.
    """


class TileDoesNotExist(Refused):
    """The log's tree has no such tile, or not that wide.

    Write it as C2SP tlog-tiles does: level, index in groups of three digits, and .p/ with the width of one not full.
    """

    where = "path"


class SizeWasNotSigned(Refused):
    """The log cannot be proved at {size} events: its newest checkpoint has {newest}.

    Name sizes from 1 on, the smaller one first, and no larger one than that.
    """

    where = "from"


class CheckpointWasNotPublished(Refused):
    """No checkpoint of {size} events was ever published; the newest has {newest}.

    Name the size of a checkpoint that you hold, its second line: a bundle leads on from published ones.
    """

    where = "from_size"


class BundleIsOfOneThing(Refused):
    """A bundle is either of a candidate or of everything after a position.

    Name one of the two: candidate or since.
    """

    where = "candidate"
