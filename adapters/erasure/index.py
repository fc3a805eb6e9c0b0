"""Everybody who holds something of a person outside the log, one line an eraser."""

from __future__ import annotations

from adapters.erasure import deliveries, idempotency, imports, keyring, searches
from adapters.erasure.eraser import Eraser

WHILE_IT_CAN_BE_READ: tuple[Eraser, ...] = (searches.ERASER, imports.ERASER)
"""Asked before the keys are destroyed: what was typed has keys of its own, and goes before anything is waited for;
files are looked through for what can still be read of the person."""

AFTER_THE_KEYS: tuple[Eraser, ...] = (
    deliveries.ERASER,
    idempotency.ERASER,
    keyring.ERASER,
)
"""Asked once nothing can be sealed for the person any more, so that nothing comes after them."""
