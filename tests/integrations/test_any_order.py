"""A story that Greenhouse tells ends in one state, in whatever order and however often its deliveries come."""

from __future__ import annotations

import pytest

from adapters.postgres.keyfile import KeyFile
from tests.integrations.telling import compare


@pytest.mark.parametrize("seed", range(3))
def test_a_story_told_in_any_order_ends_in_one_state(server: str, key_file: KeyFile, seed: int) -> None:
    assert compare(server, key_file, seed) == []
