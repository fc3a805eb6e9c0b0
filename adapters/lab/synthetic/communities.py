"""The talent communities around skills and roles, who joined them and who left."""

from __future__ import annotations

import numpy as np

from adapters.lab.synthetic import imports, shape
from adapters.lab.synthetic.columns import DAY, HOUR, MINUTE, SECOND, Block, Column, Type, block
from adapters.lab.synthetic.kinds import kind
from adapters.lab.synthetic.people import People, Rng
from adapters.lab.synthetic.shape import Frame

BY_RECRUITER, BY_SELF, BY_IMPORT = 0, 1, 2
MEMBERS = ("recruiter", "self", "import")
"""Who saw to a membership, by these numbers."""
AROUND_ROLE = np.array([around == "role" for around, _ in shape.COMMUNITIES])


def community_events(frame: Frame, people: People, rng: Rng, first: int) -> list[Block]:
    """Return the communities, whose streams are numbered from `first`, with the joins and leaves of all their
    members."""
    number = min(len(shape.COMMUNITIES), max(1, len(people) // 25))
    every = np.arange(number)
    founded_at = frame.start + every * HOUR
    founded = block(Type.FOUNDED, founded_at, founded_at + SECOND, stream=first + every, community=every)
    who, where, joined_at, left_at = drawn(frame, people, rng, number)
    by = by_whom(frame, people, rng, who, joined_at)
    joined = block(Type.JOINED, joined_at, joined_at + MINUTE, stream=who, person=who, community=where, flag=by)
    themselves = np.flatnonzero(by == BY_SELF)
    document = {"stream": who[themselves], "person": who[themselves], "community": where[themselves]}
    at = joined_at[themselves]
    touched = block(Type.TOUCHPOINT, at, at + MINUTE, step=1, kind=kind("community-joined"), flag=BY_SELF, **document)
    gone = np.flatnonzero(rng.random(len(who)) < frame.planted.community_left)
    by = by_whom(frame, people, rng, who[gone], left_at[gone])
    document = {"stream": who[gone], "person": who[gone], "community": where[gone], "flag": by}
    left = block(Type.QUIT, left_at[gone], left_at[gone] + MINUTE, **document)
    return [founded, joined, touched, left]


def drawn(frame: Frame, people: People, rng: Rng, number: int) -> tuple[Column, Column, Column, Column]:
    """Return who joins which community (each once), when, and when leavers leave; mostly communities of their own
    role."""
    planted = frame.planted
    joins = round(len(people) * planted.community_joins_a_person)
    who = (rng.random(joins) * len(people)).astype(np.int64)
    where = (rng.random(joins) * number).astype(np.int64)
    own = people.role[who] + int(np.argmax(AROUND_ROLE))
    where = np.where((rng.random(joins) < 0.5) & (own < number), own, where)
    once = np.sort(np.unique(who * number + where, return_index=True)[1])
    who, where = who[once], where[once]
    since = people.entered[who] + HOUR
    span = np.maximum(np.minimum(frame.end - 2 * HOUR - since, 600 * DAY), MINUTE)
    joined_at = since + (rng.random(len(who)) ** 2 * span).astype(np.int64)
    left_at = joined_at + 10 * DAY + (rng.random(len(who)) * 400 * DAY).astype(np.int64)
    return who, where, joined_at, left_at


def by_whom(frame: Frame, people: People, rng: Rng, who: Column, at: Column) -> Column:
    """Return who records it: the import if it covers that time, else the candidate or a recruiter."""
    themselves = rng.random(len(who)) < frame.planted.community_joined_by_self
    before = people.imported[who] & (at + MINUTE < imports.begins(frame))
    return np.where(before, BY_IMPORT, np.where(themselves, BY_SELF, BY_RECRUITER))
