"""The endpoints for imports: upload a file of history, follow its import in the background, and get rejected lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import Header, Path, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action, Role
from adapters.access.principal import Principal
from adapters.intake.imports.columns import KINDS
from adapters.intake.imports.encodings import UTF8, delimiter_named, encoding_named, make_utf8
from adapters.intake.imports.importing import Order
from adapters.intake.imports.mapping import PLAIN, mapping_in, require_known_names
from adapters.intake.imports.refusals import DelimiterIsUnknown, EncodingIsUnknown, FileIsEmpty, MappingCannotBeRead
from adapters.intake.imports.upload_store import About, State
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import STREAM
from adapters.web.framework.media import declared_in, media_type_of
from adapters.web.framework.paging import Cursor, PageRequest
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.refusals import (
    BodyIsNoFileOfHistory,
    CursorCannotBeRead,
    IdempotencyKeyWasUsedForAnotherRequest,
    ImportDoesNotExist,
    ImportHasNotEnded,
    ImportRejectedNothing,
    RequestIsInFlight,
)
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Whole
from adapters.web.services import Services
from domain.codes import CODE

FORMATS = {"text/csv": "csv", "application/x-ndjson": "ndjson"}
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
LONGEST_MAPPING = 16 * 1024
LONGEST_PAGE, PAGE = 100, 50
QUESTION = "imports"

KIND = Query(description=f"The kind of its lines: {', '.join(KINDS)}.", pattern=f"^({'|'.join(KINDS)})$")
SYSTEM = Query(description="The code of the system it comes from, the same every time.", pattern=CODE.pattern)
MAPPING = Query(
    description="The mapping of its columns and values, as JSON; see docs/imports.md.", max_length=LONGEST_MAPPING
)
FORMAT = Query(description="csv or ndjson, if the Content-Type does not name it.")
DELIMITER = Query(description="The delimiter of the cells: one character, or 'tab'; omitted: detected.", max_length=40)
ENCODING = Query(description="Such as utf-8, utf-16-le or windows-1252; omitted: detected.", max_length=40)
KEY = Header(
    alias="Idempotency-Key",
    max_length=255,
    pattern=r"^[\x21-\x7e]+$",
    description="Sent again with the same key, an upload is one import.",
)
WHICH = Path(description="The id of the import.")


@dataclass(frozen=True, slots=True)
class Import:
    """One import: its file, its progress, and the outcome of its lines.

    `state`: waiting, at-work, done, or stopped for the `problem`. `encoding` and `delimiter` (of CSV): how the file is
    read. `size` and `read` are in bytes; `lines_per_second` and `eta_seconds` are null unless it is at work.
    `unchanged`: lines whose content is recorded already. `reasons`: rejected lines by rule. `notes`: lines with a time
    that the clocks skipped or showed twice, and how it was read. `kept_until`: when the import's record is removed.
    """

    id: UUID
    kind: str
    system: str
    format: str
    encoding: str | None
    delimiter: str | None
    state: State
    asked_at: datetime
    ended_at: datetime | None
    kept_until: datetime | None
    problem: str | None
    size: int
    read: int
    lines: int
    added: int
    unchanged: int
    rejected: int
    events: int
    reasons: Mapping[str, int]
    notes: Mapping[str, int]
    lines_per_second: float | None
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Imports:
    """A page of imports, newest first. `next`: the `cursor` of the following page; null: this is the last."""

    imports: Sequence[Import]
    next: str | None


@dataclass(frozen=True, slots=True)
class Removed:
    """The id of an import whose record and rejected lines were removed. The events that it recorded stay."""

    id: UUID


REJECTED_OBJECT = '{"perennial_line":"7","perennial_where":"at", ...,"candidate":"4711","at":"yesterday"}'
IMPORT: Mapping[str, Any] = {
    "id": STREAM,
    "kind": "touchpoints",
    "system": "old-crm",
    "format": "csv",
    "encoding": "utf-8",
    "delimiter": ",",
    "state": "done",
    "ended_at": "2026-05-04T09:31:00.120000Z",
    "kept_until": "2026-06-03T09:31:00.120000Z",
    "size": 61,
    "read": 61,
    "lines": 1,
    "added": 1,
    "unchanged": 0,
    "rejected": 0,
    "events": 1,
}
HISTORY: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file; docs/imports.md has the columns of each kind.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "candidate,kind,at\n4711,call-answered,2024-05-04T09:30:00Z\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"candidate":"4711","kind":"call-answered","at":"2024-05-04T09:30:00Z"}\n',
            },
        },
    },
}
REJECTED_LINES = """perennial_line,perennial_where,perennial_reason,perennial_what_to_do,candidate,kind,at
7,at,The value of 'at' cannot be read as a time.,Write it like 2026-05-04.,4711,call-answered,yesterday
"""


@dataclass(frozen=True, slots=True)
class ImportEndpoints:
    """The endpoints for imports."""

    services: Services

    async def import_file(
        self,
        request: Request,
        who: Who,
        kind: Annotated[str, KIND],
        system: Annotated[str, SYSTEM],
        mapping: Annotated[str | None, MAPPING] = None,
        format: Annotated[Literal["csv", "ndjson"] | None, FORMAT] = None,  # noqa: A002 - as it is called in a URL
        delimiter: Annotated[str | None, DELIMITER] = None,
        encoding: Annotated[str | None, ENCODING] = None,
        idempotency_key: Annotated[str | None, KEY] = None,
    ) -> Answered[Import]:
        """Upload a file of history, CSV or NDJSON by its Content-Type, to be imported in the background.

        Encoding and delimiter are detected unless they are given; the answer names them. Each line is decided like a
        command. Importing the same file again adds nothing. The file is deleted after the import; rejected lines are
        kept for thirty days.
        """
        written = format or FORMATS.get(media_type_of(declared_in(request.scope)))
        if written is None:
            raise BodyIsNoFileOfHistory
        wording = (PLAIN if mapping is None else mapping_in(mapping)).written(
            None if delimiter is None else delimiter_named(delimiter),
            None if encoding is None else encoding_named(encoding),
        )
        require_known_names(wording, kind)
        services = self.services
        name = services.new_id() if idempotency_key is None else self._named(who, idempotency_key)
        about = About(name, kind, system, written, services.now(), wording, owner=who.actor)
        with services.uploads.receiving(services.new_id()) as came:
            content = await received(request, came)
            return await run_in_threadpool(self._put, about, came, content)

    def _put(self, about: About, came: FilePath, content: str) -> Answered[Import]:
        """Add the file to the imports.

        Errors: IdempotencyKeyWasUsedForAnotherRequest, RequestIsInFlight, FileIsEmpty.
        """
        order = Order(came, about.kind, about.system, about.format, about.wording).settled()
        encoding = order.wording.writing.encoding or UTF8
        make_utf8(came, encoding)
        about = replace(about, wording=order.wording.written(None, UTF8), encoding=encoding)
        about = replace(about, digest=self._digest(about, content))
        try:
            put = self.services.uploads.put(about, came)
        except FileExistsError:
            return self._replayed(self.services.uploads.find(about.id), about)
        return answered(self._import(put))

    def imports(
        self,
        who: Who,
        cursor: Cursor = None,
        limit: Annotated[Whole, Query(description="How many, at most.", ge=1, le=LONGEST_PAGE)] = PAGE,
    ) -> Answered[Imports]:
        """List your own imports of the last thirty days, newest first."""
        page = PageRequest.of(self.services.key_file, QUESTION, cursor)
        after = None if page.place is None else place_in(*page.place)
        own = [about for about in self.services.uploads.all() if belongs(about, who)]
        remaining = [about for about in own if after is None or place(about) < after]
        shown = remaining[:limit]
        more = page.next(written_place(shown[-1]) if len(remaining) > limit else None)
        return answered(Imports([self._import(about) for about in shown], more))

    def imported(self, import_id: Annotated[UUID, WHICH], who: Who) -> Answered[Import]:
        """Return the progress of an import, and the outcome of its lines."""
        return answered(self._import(self._own(import_id, who)))

    def rejected_lines(self, import_id: Annotated[UUID, WHICH], who: Who) -> Response:
        """Return the rejected lines as they were uploaded, each with its reason. Corrected, they can be imported again.

        The columns whose names begin with perennial_ explain the error of a line; an import ignores them.
        """
        about = self._own(import_id, who)
        path = self.services.uploads.rejected(import_id)
        if not path.exists():
            raise ImportRejectedNothing(id=import_id)
        # Only the lines name their people. They are the uploader's own data, and no one else gets this copy.
        self.services.readings.exported(who, "rejected-lines", (), ("personal",))
        return FileResponse(path, media_type=MEDIA_TYPES[about.format])

    def remove_import(self, import_id: Annotated[UUID, WHICH], who: Who) -> Answered[Removed]:
        """Remove an import that has ended, and its rejected lines. The events that it recorded stay."""
        if self._own(import_id, who).ended_at is None:
            raise ImportHasNotEnded(id=import_id)
        self.services.uploads.remove(import_id)
        return answered(Removed(import_id))

    def _own(self, name: UUID, who: Principal) -> About:
        """Return an import of the principal. Errors: ImportDoesNotExist, also if it is another user's."""
        about = self.services.uploads.find(name)
        if about is None or not belongs(about, who):
            raise ImportDoesNotExist(id=name)
        return about

    def _named(self, who: Principal, key: str) -> UUID:
        return self.services.key_file.stream_of("perennial", "import", f"{who.actor} {key}")

    def _digest(self, about: About, content: str) -> str:
        wording = json.dumps(about.wording.identity(), separators=(",", ":"), ensure_ascii=False)
        request = f"{about.kind} {about.system} {about.format} {wording} {content}"
        request = request if about.encoding == UTF8 else f"{request} {about.encoding}"
        return self.services.key_file.fingerprint("import-request", request.encode())

    def _replayed(self, before: About | None, again: About) -> Answered[Import]:
        """Return the import that the key was used for. Errors: those of `_put`."""
        if before is None:
            raise RequestIsInFlight
        if before.digest != again.digest:
            raise IdempotencyKeyWasUsedForAnotherRequest
        return answered(self._import(before), headers={"Idempotency-Replayed": "true"})

    def _import(self, about: About) -> Import:
        standing = self.services.uploads.standing(about.id)
        return Import(
            id=about.id,
            kind=about.kind,
            system=about.system,
            format=about.format,
            encoding=about.encoding,
            delimiter=about.wording.writing.delimiter if about.format == "csv" else None,
            state=about.state,
            asked_at=about.asked_at,
            ended_at=about.ended_at,
            kept_until=about.kept_until,
            problem=about.problem,
            size=about.size,
            read=about.read,
            lines=standing.lines,
            added=standing.added,
            unchanged=standing.known,
            rejected=standing.rejected,
            events=standing.events,
            reasons=standing.reasons,
            notes=standing.notes,
            lines_per_second=about.rate,
            eta_seconds=eta(about, standing.lines),
        )

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/imports",
            Action.IMPORT,
            import_file,
            example=IMPORT,
            raises=(
                BodyIsNoFileOfHistory,
                MappingCannotBeRead,
                FileIsEmpty,
                EncodingIsUnknown,
                DelimiterIsUnknown,
                IdempotencyKeyWasUsedForAnotherRequest,
                RequestIsInFlight,
            ),
            extra=HISTORY,
        ),
        Endpoint(
            "GET",
            "/v1/imports",
            Action.IMPORT,
            imports,
            example={"imports": [IMPORT], "next": None},
            raises=(CursorCannotBeRead,),
        ),
        Endpoint(
            "GET", "/v1/imports/{import_id}", Action.IMPORT, imported, example=IMPORT, raises=(ImportDoesNotExist,)
        ),
        Endpoint(
            "DELETE",
            "/v1/imports/{import_id}",
            Action.IMPORT,
            remove_import,
            raises=(ImportDoesNotExist, ImportHasNotEnded),
        ),
        Endpoint(
            "POST",
            "/v1/imports/{import_id}/rejected-lines",
            Action.IMPORT,
            rejected_lines,
            example=REJECTED_LINES,
            raises=(ImportDoesNotExist, ImportRejectedNothing),
            media_type="text/csv",
            also={"application/x-ndjson": REJECTED_OBJECT},
        ),
    )


def belongs(about: About, who: Principal) -> bool:
    """Return whether the principal may see an import: their own; privacy officers and admins may see all."""
    return about.owner in (None, who.actor) or bool(who.roles & {Role.PRIVACY_OFFICER, Role.ADMIN})


async def received(request: Request, came: FilePath) -> str:
    """Write the body to the file as it arrives, and return its SHA-256 in hex."""
    digest = hashlib.sha256()
    with came.open("wb") as file:
        async for piece in request.stream():
            digest.update(piece)
            await run_in_threadpool(file.write, piece)
    return digest.hexdigest()


def eta(about: About, lines: int) -> float | None:
    """Return the seconds until the import ends, estimated from the remaining bytes; None unless it is at work."""
    if about.rate is None or not about.rate or not about.read or not lines:
        return None
    return round((about.size - about.read) / (about.read / lines) / about.rate, 1)


Place = tuple[datetime, UUID]


def place(about: About) -> Place:
    return about.asked_at, about.id


def written_place(about: About) -> list[str]:
    return [about.asked_at.isoformat(), str(about.id)]


def place_in(asked_at: str, import_id: str) -> Place:
    """Return the place in the list that a cursor names."""
    return datetime.fromisoformat(asked_at), UUID(import_id)
