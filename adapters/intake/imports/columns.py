"""What a file may say: the columns of each kind of history, one row a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from adapters.intake.imports.refusals import KindIsUnknown

Read = Literal["id", "text", "texts", "code", "name", "names", "codes", "moment", "moments", "day", "flag", "stages"]
"""How a value is read. id, text: as it stands; code: written as one; name: made a code ('Career Site' -> career-site);
the plurals: lists; moment: a time; day: a date; flag: true or false; stages: each with its time."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how it is read, what it means, and whether every line needs it."""

    name: str
    read: Read
    means: str
    needed: bool = False


PERSON = (
    Column("candidate", "id", "the candidate's id in the system that knows them", needed=True),
    Column("candidate_system", "code", "that system; omitted: the import's"),
)
AT = Column("at", "moment", "when it was", needed=True)

KINDS: Mapping[str, tuple[Column, ...]] = {
    "candidates": (
        Column("id", "id", "the candidate's id in the system", needed=True),
        Column("at", "moment", "when we found them, or they us; omitted: it is not known"),
        Column("updated_at", "moment", "since when the facts hold; omitted: `at`"),
        Column("source", "name", "where the person came from; a segment, fixed by the first line that states it"),
        Column("role", "name", "the kind of work; a segment, fixed by the first line that states it"),
        Column("location", "name", "where they would work; a segment, fixed by the first line that states it"),
        Column("learned_from", "code", "who says the facts; omitted: the import's system"),
        Column("name", "text", "the person's name"),
        Column("emails", "texts", "e-mail addresses"),
        Column("phones", "texts", "telephone numbers"),
        Column("lives_in", "text", "where they live"),
        Column("current_role", "text", "what they do at present"),
        Column("current_employer", "text", "for whom"),
        Column("skills", "texts", "what they can do"),
        Column("languages", "texts", "what they speak"),
        Column("links", "texts", "pages about them"),
        Column("tags", "texts", "whatever they were tagged with"),
        Column("owner", "text", "who of us looks after them"),
    ),
    "touchpoints": (
        Column("id", "id", "the touchpoint's id in the system; omitted: a line that says the same is the same"),
        *PERSON,
        Column("kind", "code", "a kind of the catalogue, such as email-sent", needed=True),
        AT,
        Column("message", "id", "what ties the fates of one message together"),
        Column("machine", "flag", "software did it, such as a mail scanner's open"),
        Column("purpose", "code", "what it was for; omitted: the purpose that the catalogue names"),
        Column("reported_by", "code", "who told; omitted: the import's system"),
        Column("note", "text", "free text"),
    ),
    "consents": (
        Column("id", "id", "the answer's id in the system; omitted: a line that says the same is the same"),
        *PERSON,
        Column("answer", "code", "given, refused or withdrawn", needed=True),
        AT,
        Column("purpose", "code", "a purpose of the list, such as talent_pool", needed=True),
        Column("channels", "codes", "channels of the list; omitted from a no: all"),
        Column("evidence", "text", "where the answer can be looked up; a yes needs it"),
        Column("basis", "code", "the lawful basis; omitted: consent"),
        Column("jurisdiction", "code", "whose law, such as de or us-ca"),
        Column("notice", "code", "what the candidate read"),
        Column("notice_version", "code", "its version"),
        Column("notice_sha256", "text", "its SHA-256, in hex"),
        Column("language", "code", "the language it was in"),
        Column(
            "valid_until", "moment", "when a yes ends, at most as late as the purpose and the law allow; omitted: then"
        ),
    ),
    "requisitions": (
        Column("id", "id", "the requisition's id in the system", needed=True),
        Column("at", "moment", "when it was opened", needed=True),
        Column("title", "text", "what it is called"),
        Column("role", "name", "the kind of work; a segment of its openings"),
        Column("location", "name", "where; a segment of its openings"),
        Column("source", "name", "who asked for it; a segment of its openings"),
        Column("evergreen", "flag", "it hires on and on"),
        Column("openings", "texts", "the ids of its openings; omitted: one opening"),
        Column("held_at", "moments", "when work on it stopped, each time"),
        Column("resumed_at", "moments", "when work on it went on, each time"),
        Column("cancelled_openings", "texts", "the ids of those given up without a hire"),
        Column("cancelled_at", "moment", "when they were"),
        Column("reason", "name", "why"),
        Column("target_date", "day", "by when it is to be filled"),
        Column("hiring_manager", "text", "who answers for the hire"),
        Column("recruiter", "text", "who works on it"),
    ),
    "applications": (
        Column("id", "id", "the application's id in the system", needed=True),
        *PERSON,
        Column("requisition", "id", "the requisition's id in the system that knows it; only a prospect may have none"),
        Column("requisition_system", "code", "that system; omitted: the import's"),
        Column("at", "moment", "when the candidate applied, or became a prospect", needed=True),
        Column("prospect", "flag", "we consider the candidate, who has not applied"),
        Column("source", "name", "where the application came from"),
        Column("stages", "stages", "the stages entered, each with its time"),
        Column("opening", "id", "the opening that the offer and the hire are for"),
        Column("offered_at", "moment", "when an offer was made"),
        Column("accepted_at", "moment", "when the candidate accepted it; needs the opening"),
        Column("declined_at", "moment", "when the candidate declined the offer"),
        Column("rescinded_at", "moment", "when the offer, or its acceptance, was taken back"),
        Column("rescinded_by", "code", "who took it back: us, or the candidate who had accepted; omitted: us"),
        Column("offer_reason", "name", "why the offer was declined or taken back, as a code"),
        Column("outcome", "code", "rejected, withdrawn or hired; omitted: it goes on"),
        Column("ended_at", "moment", "when that was"),
        Column("reason", "name", "why, as a code"),
        Column("note", "text", "why, in free text"),
    ),
}


FORMER_NAMES: Mapping[str, str] = {"candidate_system": "candidate_source", "requisition_system": "requisition_source"}
"""What columns were called before. Files and mappings may still say so, and a line without an id is known by these."""
TODAYS_NAMES: Mapping[str, str] = {former: name for name, former in FORMER_NAMES.items()}


def columns_of(kind: str) -> Mapping[str, Column]:
    """Return the columns of a kind by their names. Errors: KindIsUnknown."""
    if kind not in KINDS:
        raise KindIsUnknown(kind=kind, known=", ".join(KINDS))
    return {column.name: column for column in KINDS[kind]}
