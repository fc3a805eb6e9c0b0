"""The early history that came over from an older system: it happened long before it was recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.lab.synthetic.columns import DAY, HOUR, Block
from adapters.lab.synthetic.people import People, Rng
from adapters.lab.synthetic.shape import Frame

LASTS = HOUR
"""How long the import runs; what happens meanwhile is written in the hour after it."""


def begins(frame: Frame) -> int:
    """Return when the older system's history is read in."""
    early = int((frame.end - frame.start) * frame.planted.imported_share_of_history)
    return frame.start + min(early, 365 * DAY) // DAY * DAY


def chosen_for_import(frame: Frame, rng: Rng, people: People) -> People:
    """Return the people, some of whom came early and were kept in the older system until the import."""
    at = begins(frame)
    imported = (people.entered < at - DAY) & (rng.random(len(people)) < frame.planted.imported)
    where = np.where(imported, at + 2 * LASTS, people.known_from)
    return replace(people, imported=imported, known_from=where)


def as_imported(frame: Frame, people: People, rows: Block) -> Block:
    """Return the rows; those of imported people that the import covers are recorded by it, in the order that they had.

    What is recorded of them during the import waits until it is over.
    """
    at = begins(frame)
    own = rows["stream"] < len(people)
    theirs = own & people.imported[np.where(own, rows["stream"], 0)]
    recorded = rows["recorded"].astype(np.int64)
    learned = theirs & (recorded < at)
    waiting = theirs & ~learned & (recorded < at + 2 * LASTS)
    moments, rank = np.unique(recorded[learned], return_inverse=True)
    recorded[learned] = at + rank * (LASTS // max(1, len(moments)))
    recorded[waiting] = at + LASTS + (recorded[waiting] - at) // 2
    return {**rows, "recorded": recorded, "imported": learned.astype(np.int8)}
