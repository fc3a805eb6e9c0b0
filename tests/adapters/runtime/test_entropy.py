"""Random bytes are given out once, to whichever thread takes them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from adapters.runtime.entropy import BLOCK, Entropy


def test_no_bytes_are_given_out_twice_across_blocks_and_threads() -> None:
    entropy = Entropy()
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: entropy.take(44), range(BLOCK // 10)))
    assert {len(piece) for piece in taken} == {44}
    assert len(set(taken)) == len(taken)


def test_ids_are_random_uuids() -> None:
    entropy = Entropy()
    ids = {entropy.new_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert {id_.version for id_ in ids} == {4}
