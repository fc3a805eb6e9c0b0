"""How long a person is kept after the last contact: data, one row a law, and what keeps them longer than that.

Few laws name a period; every row says where its figure comes from, and an organisation may set its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from domain.candidate import Candidate
from domain.codes import UNKNOWN
from domain.consent import ConsentGiven
from domain.touchpoint_kinds import KINDS
from domain.validity import ANY, laws_of, months_after

MONTHS_AT_MOST = 120


@dataclass(frozen=True, slots=True)
class Rule:
    """How many calendar months after the last contact they are kept in the jurisdiction ('*': any other), and why."""

    jurisdiction: str
    months: int
    because: str


CATALOGUE = (
    Rule(ANY, 24, "our choice: what CNIL names, the strictest figure that an authority has published for recruiters"),
    Rule("fr", 24, "CNIL, guide for recruiters (2023): at most two years after the last contact"),
    Rule("us", 24, "41 CFR 60-1.12: contractors of the government keep what applicants sent for two years at least"),
)

Rules = Mapping[str, Rule]
RULES: Rules = {rule.jurisdiction: rule for rule in CATALOGUE}


def rule_of(rules: Rules, jurisdiction: str) -> Rule:
    """Return the rule of the nearest law: of us-ca, else of us, else of '*'."""
    return next(rules[law] for law in laws_of(jurisdiction) if law in rules)


def ends_on(rules: Rules, jurisdiction: str, last: date) -> date:
    """Return the first day on which a person with the last contact on the day `last` is no longer kept."""
    begun = datetime(last.year, last.month, last.day)
    return months_after(begun, rule_of(rules, jurisdiction).months).date()


def last_contact(records: Iterable[Candidate]) -> datetime | None:
    """Return the time of the person's last contact: the newest touchpoint that is contact, or the newest consent.

    A touchpoint is contact if the catalogue says so and no machine made it. Opening a message is none, and nothing that
    we do is.
    """
    moments = [moment for record in records for moment in (*touches_of(record), *consents_of(record))]
    return max(moments, default=None)


def touches_of(record: Candidate) -> list[datetime]:
    """Of each touchpoint the belief that holds: a correction comes after what it corrects."""
    believed = {belief.id: belief for belief in record.touchpoints}
    return [
        single_belief.at
        for single_belief in believed.values()
        if single_belief.kind is not None
        and single_belief.kind in KINDS
        and KINDS[single_belief.kind].contact
        and not single_belief.machine
    ]


def consents_of(record: Candidate) -> list[datetime]:
    return [answer.at for answer in record.consents.answers if answer.answered is ConsentGiven]


def is_over(rules: Rules, jurisdiction: str, last: datetime, on: date, zone: tzinfo) -> bool:
    """Return whether retention after that last contact is over on the day, in the organisation's zone."""
    return ends_on(rules, jurisdiction or UNKNOWN, last.astimezone(zone).date()) <= on
