"""The tree is RFC 6962's: its known roots, proofs that hold, altered ones that do not, and tiles that say the same."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.proof.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    CompactRange,
    Hashes,
    ProofDoesNotHold,
    Tile,
    TiledTree,
    TreeIsSmaller,
    consistency_proof,
    hashes_of_tiles,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    subtrees,
    tile_path,
    tiles_of,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves of Certificate Transparency's own tests, and the roots over the first 1 to 8 of them.
KNOWN_LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive(hashes: list[bytes]) -> bytes:
    """MTH(D[n]) word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return node_hash(naive(hashes[:k]), naive(hashes[k:]))


def leaves(n: int) -> list[bytes]:
    return [leaf_hash(n.to_bytes(4, "big")) for n in range(n)]


def reader(hashes: list[bytes]) -> Hashes:
    return lambda height, index: naive(hashes[index << height : (index + 1) << height])


def tiled(hashes: list[bytes], *batches: int) -> tuple[dict[tuple[int, int], Tile], TiledTree]:
    """The tiles after appending so many at a time, the rest at the end; and the tree's edge."""
    tiles: dict[tuple[int, int], Tile] = {}
    tree = TiledTree()
    for batch in (*batches, len(hashes)):
        for tile in tree.append(b"".join(hashes[tree.size : tree.size + batch])):
            tiles[tile.level, tile.index] = tile
    return tiles, tree


def test_known_roots() -> None:
    tree = CompactRange()
    assert (
        tree.root() == EMPTY_ROOT == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )
    for data, root in zip(KNOWN_LEAVES, KNOWN_ROOTS, strict=True):
        tree.append(leaf_hash(data))
        assert tree.root().hex() == root
    assert CompactRange.of(tree.size, tree.hashes).root().hex() == KNOWN_ROOTS[-1]


def test_known_proofs() -> None:
    hashes = reader([leaf_hash(data) for data in KNOWN_LEAVES])
    path = ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]  # fmt: skip
    assert [node.hex() for node in inclusion_proof(5, 8, hashes)] == path
    old = ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
           "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
           "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]  # fmt: skip
    assert [node.hex() for node in consistency_proof(6, 8, hashes)] == old


@given(st.integers(0, 700))
def test_every_way_to_the_root_is_the_same(n: int) -> None:
    hashes = leaves(n)
    tree = CompactRange()
    for leaf in hashes:
        tree.append(leaf)
    assert tree.root() == naive(hashes) == root_of(n, reader(hashes))
    assert CompactRange.read(n, reader(hashes)).hashes == tree.hashes


def test_subtrees_may_be_added_whole() -> None:
    hashes = leaves(29)
    tree = CompactRange()
    for height, index in [(3, 0), (3, 1), (2, 4), (2, 5), (2, 6), (0, 28)]:
        tree.append(naive(hashes[index << height : (index + 1) << height]), height)
    assert (tree.size, tree.root()) == (29, naive(hashes))


@given(st.data())
def test_what_is_there_is_shown(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = inclusion_proof(index, size, reader(hashes))
    verify_inclusion(index, size, hashes[index], proof, naive(hashes))
    refused(data, verify_inclusion, (index, size, hashes[index], proof, naive(hashes)))


@given(st.data())
def test_what_has_grown_is_shown_to_have_grown(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, new))
    hashes = leaves(new)
    proof = consistency_proof(old, new, reader(hashes))
    verify_consistency(old, naive(hashes[:old]), new, naive(hashes), proof)
    refused(data, verify_consistency, (old, naive(hashes[:old]), new, naive(hashes), proof))


def refused(data: st.DataObject, verify: Callable[..., None], given: tuple[Any, ...]) -> None:
    """Any of the hashes altered, one too many or too few, of another length: none of it holds."""
    place = data.draw(st.sampled_from([n for n, value in enumerate(given) if not isinstance(value, int)]))
    altered = list(given)
    altered[place] = data.draw(alterations(given[place]))
    with pytest.raises(ProofDoesNotHold):
        verify(*altered)


def alterations(value: Any) -> st.SearchStrategy[Any]:
    if isinstance(value, bytes):
        flipped = st.integers(0, 255).map(lambda bit: flip(value, bit))
        return st.one_of(flipped, st.just(value[:-1]), st.just(value + b"\0"), st.just(b""))
    others = st.one_of(st.just([*value, bytes(HASH_BYTES)]), st.just([bytes(HASH_BYTES), *value]))
    if not value:
        return others
    at = st.integers(0, len(value) - 1)
    return st.one_of(
        others,
        st.just(value[:-1]),
        st.just(value[1:]),
        at.flatmap(lambda n: alterations(value[n]).map(lambda altered: [*value[:n], altered, *value[n + 1 :]])),
    )


def flip(value: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8) * (at == bit // 8) for at, byte in enumerate(value))


@given(st.data())
def test_it_is_shown_of_one_place_alone(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    hashes = leaves(size)
    with pytest.raises(ProofDoesNotHold):
        verify_inclusion(other, size, hashes[index], inclusion_proof(index, size, reader(hashes)), naive(hashes))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_nothing_extends_an_empty_tree(old: int, new: int) -> None:
    root = naive(leaves(5))
    for proof in ([], [root], [root, root, root]):
        with pytest.raises(ProofDoesNotHold, match="cannot be shown"):
            verify_consistency(old, EMPTY_ROOT, new, root, proof)
    with pytest.raises(TreeIsSmaller):
        consistency_proof(old, new, reader(leaves(5)))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
def test_a_leaf_outside_has_no_proof(index: int, size: int) -> None:
    root = naive(leaves(5))
    with pytest.raises(ProofDoesNotHold, match="is not in a tree"):
        verify_inclusion(index, size, root, [], root)
    with pytest.raises(TreeIsSmaller):
        inclusion_proof(index, size, reader(leaves(5)))


def test_an_equal_tree_needs_no_proof_and_takes_none() -> None:
    root = naive(leaves(5))
    verify_consistency(5, root, 5, root, [])
    with pytest.raises(ProofDoesNotHold):
        verify_consistency(5, root, 5, root, [root])
    with pytest.raises(ProofDoesNotHold):
        verify_consistency(5, root, 5, flip(root, 0), [])


@given(st.integers(0, 1500), st.integers(0, 1500))
def test_a_range_is_made_of_the_fewest_full_trees(a: int, b: int) -> None:
    begin, end = sorted((a, b))
    ranges = list(subtrees(begin, end))
    covered = [leaf for height, index in ranges for leaf in range(index << height, (index + 1) << height)]
    assert covered == list(range(begin, end))
    assert len(ranges) <= 2 * max(1, (end - begin).bit_length())


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 70_000])
@pytest.mark.parametrize("batches", [(), (1,), (100, 156, 1), (255, 2, 300)])
def test_tiles_hold_the_tree(size: int, batches: tuple[int, ...]) -> None:
    hashes = leaves(size)
    tiles, tree = tiled(hashes, *batches)
    assert {(tile.level, tile.index, tile.width) for tile in tiles.values()} == set(tiles_of(size))
    read = hashes_of_tiles(lambda level, index: tiles[level, index].data)
    whole = CompactRange()
    for leaf in hashes:
        whole.append(leaf)
    assert root_of(size, read) == whole.root()
    for index in {0, size // 2, size - 1}:
        verify_inclusion(index, size, hashes[index], inclusion_proof(index, size, read), whole.root())
    again = TiledTree.read(size, lambda level, index: tiles[level, index].data if (level, index) in tiles else b"")
    assert again.size == size
    assert [edge for edge in again.edge if edge] == [edge for edge in tree.edge if edge]


def test_tiles_that_do_not_reach_are_refused() -> None:
    tiles, _ = tiled(leaves(300))
    with pytest.raises(TreeIsSmaller):
        TiledTree.read(301, lambda level, index: tiles[level, index].data)
    with pytest.raises(TreeIsSmaller):
        root_of(301, hashes_of_tiles(lambda level, index: tiles[level, index].data))


def test_tiles_are_named_as_others_name_them() -> None:
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(1, 3, 17) == "tile/1/003.p/17"
    assert Tile(2, 1000, bytes(64)).path == "tile/2/x001/000.p/2"
