"""How long a consent holds unless the person gives it again: data, one row for a purpose under a law.

Few laws name a period. Every row says where its figure comes from; "our choice" is a default to be discussed with
the privacy officer, and is changed by changing the row.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.event import utc

ANY = "*"


@dataclass(frozen=True, slots=True)
class Validity:
    """How many calendar months a consent to the purpose holds in the jurisdiction ('*': whichever it is), and why."""

    purpose: str
    jurisdiction: str
    months: int
    because: str


CATALOGUE = (
    Validity(ANY, ANY, 24, "our choice: the longest period that an authority below names"),
    Validity(ANY, "eu", 24, "EDPB, guidelines 05/2020: no limit, to be refreshed at intervals that fit; our choice"),
    Validity(ANY, "de", 24, "data protection commissioner of North Rhine-Westphalia, 24th report: as a rule two years"),
    Validity("talent_pool", "fr", 24, "CNIL, guide for recruiters (2023): two years, with the candidate's consent"),
    Validity(ANY, "uk", 24, "ICO, guidance on consent: no limit, it wears off with time; our choice"),
    Validity(ANY, "us", 24, "no limit for consent as such; our choice, as elsewhere"),
    Validity("demographic_monitoring", ANY, 12, "our choice: a special category (GDPR 9) is asked for each year anew"),
    Validity("assessment", ANY, 12, "our choice: what was measured is out of date after a year"),
    Validity("ats_transfer", ANY, 12, "our choice: it is for the applications of one season"),
)

ROWS: Mapping[tuple[str, str], Validity] = {(row.purpose, row.jurisdiction): row for row in CATALOGUE}

# fmt: off
OF_THE_EU = frozenset({
    "at", "be", "bg", "hr", "cy", "cz", "dk", "ee", "fi", "fr", "de", "gr", "hu", "ie", "it", "lv", "lt", "lu",
    "mt", "nl", "pl", "pt", "ro", "sk", "si", "es", "se", "is", "li", "no",
})
# fmt: on
"""Where the GDPR holds: a jurisdiction without a row of its own has that of 'eu'."""


def validity_of(purpose: str, jurisdiction: str) -> Validity:
    """Return the row that applies: one of this purpose before one of any, then that of the nearest law."""
    laws = ((named, law) for named in (purpose, ANY) for law in laws_of(jurisdiction))
    return next(ROWS[row] for row in laws if row in ROWS)


def laws_of(jurisdiction: str) -> Iterator[str]:
    """Yield the jurisdiction and those that it is part of, the nearest first: us-ca, us, *."""
    yield jurisdiction
    country = jurisdiction.split("-")[0]
    if country != jurisdiction:
        yield country
    if country in OF_THE_EU:
        yield "eu"
    yield ANY


def ends_at(purpose: str, jurisdiction: str, given: datetime) -> datetime:
    """Return when a consent given then ends at the latest: so many calendar months later at the same hour, in UTC."""
    return months_after(utc(given), validity_of(purpose, jurisdiction).months)


def months_after(moment: datetime, months: int) -> datetime:
    """Return the same day and hour so many months later; the last day of the month where it has no such day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
