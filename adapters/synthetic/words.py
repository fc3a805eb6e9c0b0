"""The few names and phrases that the personal fields of invented people are made of."""

from __future__ import annotations

GIVEN_NAMES = (
    *("Ada", "Amir", "Anouk", "Bilal", "Carla", "Chen", "Daria", "Emeka", "Femke", "Goran", "Hana", "Ines"),
    *("Jonas", "Kofi", "Lena", "Malik", "Nadia", "Omar", "Petra", "Quinn", "Ravi", "Sofia", "Tariq", "Yuki"),
)
FAMILY_NAMES = (
    *("Abara", "Bakker", "Costa", "Dvorak", "Engel", "Fischer", "Gupta", "Haddad", "Ito", "Jansen", "Kaya"),
    *("Lindgren", "Moreau", "Nowak", "Okafor", "Park", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Visser", "Wu"),
)
NOTES = (
    "Prefers mornings",
    "Asked about remote work",
    "Open again in spring",
    "Would move for the right team",
    "Wants to hear about the stack",
    "Happy where they are",
    "Speaks at a conference next month",
)
QUALITIES = ("Python", "Team lead", "German", "Four weeks' notice", "MSc", "Former client", "Part-time", "SQL")
REFERRAL_WORDS = ("Worked with them for years", "Best colleague I had", "Knows the field well")
LEAVING_WORDS = ("No longer looking", "Too many messages", "Found something else")
WRONG_WORDS = ("Wrong person", "Entered twice", "Wrong button", "Found out later")


def name_of(person: int) -> str:
    """The invented full name of a candidate."""
    return f"{GIVEN_NAMES[person % len(GIVEN_NAMES)]} {FAMILY_NAMES[person * 7 % len(FAMILY_NAMES)]}"


def email_of(person: int) -> str:
    """The invented e-mail address of a candidate, in a domain nobody can own."""
    return f"{name_of(person).lower().replace(' ', '.')}.{person}@people.example.org"


def phone_of(person: int) -> str:
    """An invented telephone number from a range kept for fiction."""
    return f"+1 555 01{person % 100:02}"


def quality(number: int) -> str:
    """What may be learned about somebody, never the same twice."""
    return f"{QUALITIES[number % len(QUALITIES)]} {number // len(QUALITIES) + 1}"
