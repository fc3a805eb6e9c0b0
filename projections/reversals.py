"""Which fact each reversal takes back, worked out in SQL as the domain does: one of its kind, the last recorded."""

from __future__ import annotations

# Reversals are few, and which fact is left for one depends on those before it: so they are taken one after another.
# Only facts of smaller positions matter to each, so no batch boundary does. Two questions, each of which its index
# answers at once: the last fact that is dated no later than the reversal; where there is none, the last.
_TAKE_BACK = """
do $$
declare
    reversal record;
begin
    for reversal in select * from ({told}) undoing order by position loop
        update {table} set until = reversal.position{more}
        where {same} and until is null and position = coalesce({places});
    end loop;
end
$$
"""


_PLACE = """
            (select max(position) from {table}
             where {same} and until is null and position < reversal.position and {dated})"""


def take_back(table: str, same: str, reversals: str, more: str = "", own: str | None = None) -> str:
    """Return the statement that ends each fact that a reversal takes back, at the reversal's position.

    `table` has the facts (position, at, until); until is null while a fact holds. `reversals` selects the reversals of
    the batch: (position, at, and the columns that `same` needs). `same`: the condition that a row of the table is a
    fact of the kind that the reversal takes back. `more`: further assignments, after a comma. `own`: the condition
    that a row is the reversal's own fact, which takes precedence over others of the kind.
    """
    kinds = [same] if own is None else [f"{same} and {own}", same]
    conditions = [(kind, dated) for kind in kinds for dated in ("at <= reversal.at", "true")]
    places = ",".join(_PLACE.format(table=table, same=kind, dated=dated) for kind, dated in conditions)
    return _TAKE_BACK.format(table=table, same=same, told=reversals, more=more, places=places)
