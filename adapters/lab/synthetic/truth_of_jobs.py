"""What truly became of every opening: one spell after another, with the days on which its job was on hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adapters.lab.synthetic.columns import DAY, FOREVER, NONE, Block, Column, Type, only

FATES = ("filled", "cancelled", "open")


@dataclass(slots=True)
class Spell:
    """A time in which an opening is to be filled: on which day it began and how it stands; days count from 1970."""

    requisition: int
    opened: int
    fate: str = "open"
    ended: int = NONE


def spells(rows: Block) -> list[Spell]:
    """Return the spells of all openings that occur in the rows; one that is reopened for the same need goes on."""
    chosen_rows = only(rows, np.isin(rows["type"], [Type.OPENED, Type.FILLED, Type.CANCELLED, Type.REOPENED]))
    current: dict[int, Spell] = {}
    result: list[Spell] = []
    names = ("type", "opening", "requisition", "occurred", "until", "flag")
    for type_, opening, requisition, at, accepted, same in zip(
        *(chosen_rows[name].tolist() for name in names), strict=True
    ):
        if type_ == Type.OPENED or (type_ == Type.REOPENED and not same):
            current[opening] = Spell(requisition, at // DAY)
            result.append(current[opening])
        elif type_ == Type.REOPENED:
            current[opening].fate, current[opening].ended = "open", NONE
        elif type_ == Type.FILLED:
            current[opening].fate, current[opening].ended = "filled", accepted // DAY
        else:
            current[opening].fate, current[opening].ended = "cancelled", at // DAY
    return result


def holds(rows: Block) -> dict[int, list[tuple[int, int]]]:
    """By requisition the days on which it was held: from, to (not included; FOREVER where it is held still)."""
    chosen_rows = only(rows, np.isin(rows["type"], [Type.HELD, Type.RESUMED]))
    result: dict[int, list[tuple[int, int]]] = {}
    names = ("type", "requisition", "occurred")
    for type_, requisition, at in zip(*(chosen_rows[name].tolist() for name in names), strict=True):
        held = result.setdefault(requisition, [])
        if type_ == Type.HELD:
            held.append((at // DAY, FOREVER))
        else:
            held[-1] = (held[-1][0], at // DAY)
    return result


def lines(rows: Block) -> tuple[Column, Column, Column, Column, Column]:
    """Requisition, day opened, number of the fate, days until filled and of these days on hold, of every spell."""
    held = holds(rows)
    made = [
        (
            spell.requisition,
            spell.opened,
            FATES.index(spell.fate),
            (days := max(spell.ended - spell.opened, 0) if spell.fate == "filled" else 0),
            days and days_held(held.get(spell.requisition, []), spell.opened, spell.ended),
        )
        for spell in spells(rows)
    ]
    requisition, opened, fate, took, paused = np.array(made, np.int64).reshape(-1, 5).T
    return requisition, opened, fate, took, paused


def days_held(held: list[tuple[int, int]], since: int, until: int) -> int:
    """Return how many of the days from `since` to `until` (exclusive) were on hold."""
    return sum(max(min(to, until) - max(begun, since), 0) for begun, to in held)
