"""What the product folds out of a synthetic history is the truth that was written beside it, in the end and midway."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

import psycopg

from adapters import bootstrap
from adapters.postgres.application import Perennial
from adapters.postgres.fold import create_schema, fold
from adapters.postgres.keyfile import KeyFile
from adapters.postgres.synthetic_log import load_synthetic
from adapters.synthetic.history import history
from adapters.synthetic.truth import WINDOWS, Believed, truth
from projections.index import READ_MODELS
from tests.rows import closed

Differences = list[tuple[str, str, str, int, int]]
BATCH = 6_000
EVENTS = 15_000


def folded(database: str) -> psycopg.Connection[Any]:
    """A connection to the database, where all read models have just been made and filled."""
    connection = psycopg.connect(database)
    models = {model.schema: model for model in READ_MODELS}
    for schema, model in models.items():
        create_schema(connection, model, schema, "UTC")
    for after in range(0, EVENTS, BATCH):
        fold(connection, models, after, min(after + BATCH, EVENTS), "UTC", closed)
        connection.commit()
    return connection


def differences(connection: psycopg.Connection[Any], model: str, position: int) -> Differences:
    """(source, month, what, amount, n) of a read model's counts as of a position."""
    text = f"""select source, to_char(day, 'YYYY-MM'), what, amount, sum(n)::int from {model}_v1.delta
               where position <= {position} group by 1, 2, 3, 4 having sum(n) <> 0"""
    return connection.execute(text.encode()).fetchall()


def months(counted: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """By month, how many of what."""
    result: dict[str, Counter[str]] = defaultdict(Counter)
    for month, what, n in counted:
        result[month][what] += n
    return {month: {what: n for what, n in counts.items() if n} for month, counts in result.items()}


def assert_found_again(connection: psycopg.Connection[Any], believed: Believed) -> None:
    flows = differences(connection, "pipeline", believed.position)
    assert months((month, what, n) for _, month, what, _, n in flows) == believed.pipeline["all"]
    for source in {source for source, *_ in flows}:
        assert months((row[1], row[2], row[4]) for row in flows if row[0] == source) == believed.pipeline[source]
    fates = differences(connection, "engagement", believed.position)
    for window in WINDOWS:
        in_time = [row for row in fates if row[2] in ("sent", "bounced") or 0 < row[3] <= window]
        assert months((month, what, n) for _, month, what, _, n in in_time) == believed.engagement[str(window)]
    touches = Counter[str]()
    for _, _, kind, _, n in differences(connection, "touchpoint_counts", believed.position):
        touches[kind] += n
    assert touches == believed.touchpoints


def assert_filled_as_told(connection: psycopg.Connection[Any], believed: Believed) -> None:
    lines = differences(connection, "openings", believed.position)
    for name, prefix in (("regular", "standard."), ("evergreen", "standard.evergreen.")):
        of_these = [
            (month, what.removeprefix(prefix), days, n) for _, month, what, days, n in lines if what.startswith(prefix)
        ]
        ended = [line for line in of_these if line[1] in ("filled", "cancelled", "open")]
        told = [(month, fate, n) for month, fate, _, n in ended] + [(month, "opened", n) for month, _, _, n in ended]
        told += [(month, "days", days * n) for month, fate, days, n in ended if fate == "filled"]
        assert months(told) == believed.time_to_fill[name]


def test_the_read_models_find_the_truth_again(database: str, key_file: KeyFile) -> None:
    some = history(EVENTS, 21, ends_on=date(2026, 1, 1))
    with Perennial(database, key_file, role=bootstrap.OWNER) as owner:
        *_, written = load_synthetic(owner, some.recorded(), some.marks())
    assert written == EVENTS
    told = truth(some)
    with folded(database) as connection:
        for believed in (told.end, told.middle):
            assert_found_again(connection, believed)
            assert_filled_as_told(connection, believed)
