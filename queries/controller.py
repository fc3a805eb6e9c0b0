"""The organisation that is responsible for the data, as answers name it to the people in the data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Controller:
    """The controller in the sense of the GDPR, and the address under which candidates reach it."""

    name: str
    contact: str
