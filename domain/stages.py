"""The standard funnel of hiring as data: its stages in order, and which codes of a process belong to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PROSPECT = "prospect"
"""The stage of a candidate under consideration who has not applied: before the funnel, no stage of it."""
APPLIED = "applied"
"""Entered by an application that is submitted, or transferred here after it was."""
OFFER = "offer"
"""Entered by an offer, made or accepted."""
HIRED = "hired"
"""Entered by a hire that was not undone, and by nothing else."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the funnel, and the codes of stages that count as it."""

    name: str
    codes: tuple[str, ...]


FUNNEL = (
    Stage(APPLIED, ("applied", "application-review", "cv-review", "new")),
    Stage("screen", ("screen", "screening", "phone-screen", "preliminary-phone-screen", "recruiter-screen")),
    # Checks come after the interviews: who got there was interviewed.
    Stage(
        "interview",
        ("interview", "phone-interview", "technical-interview", "take-home-test", "onsite", "face-to-face",
         "final-interview", "reference-check"),
    ),
    Stage(OFFER, ("offer", "offer-extended")),
    Stage(HIRED, ()),
)  # fmt: skip
"""In order; a code that stands nowhere here is a stage of its own, outside the standard funnel."""

Funnel = tuple[Stage, ...]

_ORDER = (PROSPECT, *(code for stage in FUNNEL for code in stage.codes), HIRED)


def stages_of(funnel: Funnel) -> Mapping[str, str]:
    """Return the name of the funnel's stage for each code."""
    return {code: stage.name for stage in funnel for code in stage.codes}


def in_order(code: str) -> tuple[int, str]:
    """Sorts codes as applications pass them: prospects, the standard funnel, then by name what is not in it."""
    return _ORDER.index(code) if code in _ORDER else len(_ORDER), code
