"""A process that imports is killed twice on the way: started again it goes on, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.lab.bench.ground import Ground
from adapters.lab.bench.importing import (
    KILLS,
    LinesWereLostOrDoubled,
    killed_on_the_way,
    prepared,
    require_once,
    written,
)

LINES = 12_000


@pytest.fixture
def ground(server: str, tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(server, tmp_path, tmp_path / "keys.json")
    yield ground
    for name in ("people", "killed"):
        ground.drop(name)


def test_killed_twice_every_line_is_in_the_log_exactly_once(ground: Ground) -> None:
    prepared(ground, LINES)
    file = written(ground.folder / "touchpoints.csv", LINES)
    done_after = killed_on_the_way(ground, file, LINES)
    assert len(done_after) == KILLS
    assert all(0 < done < LINES for done in done_after), "it was killed too late to show anything"
    assert done_after == sorted(set(done_after)), "it did not go on where it was"


def test_the_count_sees_what_is_missing(ground: Ground) -> None:
    prepared(ground, 200)
    with pytest.raises(LinesWereLostOrDoubled, match="200 are missing"):
        require_once(ground, ground.plain("killed", "people"), 200)
