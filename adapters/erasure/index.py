"""Everybody who holds something of a person outside the log, one line an eraser."""

from __future__ import annotations

from adapters.erasure import deliveries, idempotency, imports, keyring, searches
from adapters.erasure.eraser import Eraser

WHILE_IT_CAN_BE_READ: tuple[Eraser, ...] = (imports.ERASER,)
"""Asked before the keys are destroyed: they look for the person by what stands in files."""

AFTER_THE_KEYS: tuple[Eraser, ...] = (
    deliveries.ERASER,
    idempotency.ERASER,
    searches.ERASER,
    keyring.ERASER,
)
"""Asked once nothing can be sealed for the person any more, so that nothing comes after them."""
