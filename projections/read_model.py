"""A read model turns events into facts and facts into answers' rows, inside PostgreSQL, a batch at a time."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.event import Event, Recorded
from domain.touchpoint_kinds import KINDS

Facts = Mapping[type[Event], str]
"""Per event type one stateless SELECT from `batch`, whose condition begins with `where {this}`: this type's events.
All SELECTs of one kind of fact give the same columns and types, each on its own, as a batch may hold only one of them.
None may look at another row or at a table that folds fill."""


Blind = Callable[[str, str], Sequence[str]]
"""(kind of address, text) -> a keyed hash of each address in the text: it tells equal addresses apart from others and
nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class Opens:
    """Personal data that a read model needs in plain: a batch's events of these types are opened for it, in Python.

    What `rows` makes of each stands in the temporary table `name_opened` of these columns. What was erased is ERASED,
    and never reaches a table.
    """

    types: frozenset[type[Event]]
    columns: str
    rows: Callable[[Recorded[Event], Blind], Iterable[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True, eq=False)
class ReadModel:
    """One question's tables and how a batch of events becomes rows in them.

    SQL writes a table as `name.table` (the engine puts the schema's real name there), a temporary one without schema.
    `{kind of fact}` in a recompute stands for the union of that kind's SELECTs: a statement is left out of a batch
    that holds none of them. `{catalogue}` is a VALUES list of (kind, *`catalogue`); `{zone}` the quoted time zone.
    """

    name: str
    version: int
    tables: str
    facts: Mapping[str, Facts]
    recompute: tuple[str, ...]
    working: Mapping[str, str] = field(default_factory=dict)
    """Temporary tables that a batch is worked in: name -> columns. They are empty at each batch's start."""
    catalogue: tuple[str, ...] = ()
    """The columns of the touchpoint catalogue that the facts depend on."""
    opens: Opens | None = None
    """None: it folds clear data alone, as all do but the one that holds what people are found by."""

    @property
    def opened(self) -> str:
        """The temporary table of what was opened."""
        return f"{self.name}_opened"

    @property
    def schema(self) -> str:
        """Where the rows that are served live."""
        return f"{self.name}_v{self.version}"

    @property
    def next_schema(self) -> str:
        """Where a rebuild puts its rows until they are swapped in."""
        return f"{self.schema}_next"

    @property
    def types(self) -> frozenset[str]:
        """The stored names of the events that it folds."""
        opened = frozenset(event.stored_name for event in self.opens.types) if self.opens else frozenset()
        return opened.union(event.stored_name for facts in self.facts.values() for event in facts)

    def render(self, sql: str, schema: str, zone: str) -> str:
        """Return the SQL with the schema, the zone and the catalogue filled in."""
        placed = re.sub(rf"\b{self.name}\.(?=[a-z])", f"{schema}.", sql)
        return placed.replace("{zone}", quoted(zone)).replace("{catalogue}", self._catalogue_values())

    def statements(self, schema: str, zone: str, present: Iterable[str]) -> list[str]:
        """Return the statements to run, in order, for a batch with events of the types `present` (stored names)."""
        unions = {kind: self._union(facts, frozenset(present)) for kind, facts in self.facts.items()}
        made = (self._with_facts(statement, unions) for statement in self.recompute)
        return [self.render(statement, schema, zone) for statement in made if statement]

    def fingerprint(self, zone: str) -> dict[str, str]:
        """Hashes of all that shapes the rows: 'sql' (with the zone), and 'kind:...' of each catalogue row it uses."""
        facts = {kind: {event.stored_name: sql for event, sql in rows.items()} for kind, rows in self.facts.items()}
        shape = [zone, self.tables, facts, self.recompute, dict(self.working), self.catalogue]
        if self.opens is not None:
            types = sorted(event.stored_name for event in self.opens.types)
            shape += [types, self.opens.columns, inspect.getsource(self.opens.rows)]
        kinds = KINDS.values() if self.catalogue else ()
        return {"sql": _hash(shape)} | {f"kind:{row.kind}": _hash(self._columns(row)) for row in kinds}

    def _with_facts(self, statement: str, unions: Mapping[str, str]) -> str:
        for kind, union in unions.items():
            if f"{{{kind}}}" in statement:
                return statement.replace(f"{{{kind}}}", union) if union else ""
        return statement

    def _union(self, facts: Facts, present: frozenset[str]) -> str:
        named = {event.stored_name: sql for event, sql in facts.items() if event.stored_name in present}
        return "\nunion all\n".join(sql.replace("{this}", f"type = {quoted(name)}") for name, sql in named.items())

    def _columns(self, row: object) -> list[str | bool | int | None]:
        return [getattr(row, column) for column in ("kind", *self.catalogue)]

    def _catalogue_values(self) -> str:
        rows = ", ".join(f"({', '.join(map(quoted, self._columns(row)))})" for row in KINDS.values())
        return f"(values {rows}) as catalogue (kind, {', '.join(self.catalogue)})"


def changed(stored: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the parts of a stored fingerprint that have changed. A catalogue row that is only new changes nothing."""
    return [part for part, digest in stored.items() if now.get(part) != digest]


def quoted(value: str | bool | int | None) -> str:
    """Return the value as an SQL literal."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool | int) else "'" + value.replace("'", "''") + "'"


def _hash(shape: object) -> str:
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()
