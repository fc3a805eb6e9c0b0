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


def take_back(table: str, same: str, told: str, more: str = "", own: str | None = None) -> str:
    """The statement that sets `until`, of the fact that each reversal takes back, to the reversal's position.

    `table` has the facts: (position, at, until), until null while it stands. `told` gives the batch's reversals:
    (position, at, and what `same` asks for). `same`: the condition on a row of the table that it is a fact of the
    kind which `told` takes back. `more`: what else to set, after a comma. `own`: the condition on a row that it is the
    reversal's own, which goes before all others of the kind.
    """
    kinds = [same] if own is None else [f"{same} and {own}", same]
    asked = [(kind, dated) for kind in kinds for dated in ("at <= reversal.at", "true")]
    places = ",".join(_PLACE.format(table=table, same=kind, dated=dated) for kind, dated in asked)
    return _TAKE_BACK.format(table=table, same=same, told=told, more=more, places=places)
