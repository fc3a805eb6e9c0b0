"""A story that Greenhouse tells ends in one state, in whatever order and however often its deliveries come."""

from __future__ import annotations

from adapters.postgres.keys.key_file import KeyFile
from tests.adapters.intake.integrations.telling import compare


def test_stories_told_in_any_order_end_in_one_state(server: str, key_file: KeyFile) -> None:
    assert compare(server, key_file, range(8)) == []


def test_stories_told_in_any_order_by_several_threads_end_in_one_state(server: str, key_file: KeyFile) -> None:
    assert compare(server, key_file, range(8, 14), threads=4) == []
