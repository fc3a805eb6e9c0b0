"""What was truly taken back: each reversal undoes one fact of its kind, the last told before it that is no later."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from adapters.lab.synthetic.columns import NONE, Block, Column, Type, size

UNDONE_BY = {
    Type.UNHIRED: (Type.HIRED, "application"),
    Type.UNREJECTED: (Type.REJECTED, "application"),
    Type.RESCINDED: (Type.ACCEPTED, "application"),
}
"""By type of reversal the type that it takes back, and the column that says of what."""


def taken_back(rows: Block) -> Column:
    """For each row the number of the row that took it back, NONE where it stands."""
    result = np.full(size(rows), NONE)
    for reversal, (fact, of) in UNDONE_BY.items():
        standing: dict[int, list[tuple[int, int]]] = defaultdict(list)
        which = np.flatnonzero(np.isin(rows["type"], [reversal, fact]))
        columns = (which, rows["type"][which], rows[of][which], rows["occurred"][which])
        for row, type_, item, at in zip(*(column.tolist() for column in columns), strict=True):
            if type_ == fact:
                standing[item].append((row, at))
            elif standing[item]:
                undone = [each for each in standing[item] if each[1] <= at] or standing[item]
                standing[item].remove(undone[-1])
                result[undone[-1][0]] = row
    return result
