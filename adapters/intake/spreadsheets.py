"""What a spreadsheet would take for a formula goes into a CSV file as text, and comes back from there as it was."""

from __future__ import annotations

import re

APOSTROPHE = "'"
FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])")
"""How a cell begins that a spreadsheet may run: with = + - @, their full-width and small forms (also after blanks), a
tab or an end of line. Apostrophes before it count too, so that `original` knows how many of them are ours."""


def neutral(cell: str) -> str:
    """Return the cell with an apostrophe before what a spreadsheet would run."""
    return f"{APOSTROPHE}{cell}" if FORMULA.match(cell) else cell


def original(cell: str) -> str:
    """Return the cell that `neutral` was given."""
    return cell[1:] if cell.startswith(APOSTROPHE) and FORMULA.match(cell) else cell
