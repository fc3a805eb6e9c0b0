"""The Merkle tree of RFC 6962 over the log's leaves: roots, proofs, and the tiles it is kept in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from domain.errors import ExplainedError

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LONGEST_PROOF = 64
"""No tree has more than 2**63 leaves."""

Hashes = Callable[[int, int], bytes]
"""(height, index) -> the root of the full subtree of 2**height leaves that begins at leaf index * 2**height."""
TileOf = Callable[[int, int], bytes]
"""(level, index) -> the hashes of a tile, side by side: as many as there are, 256 at most."""


class ProofDoesNotHold(ExplainedError):
    """Proof does not hold

    The proof does not hold: {why}.

    Do not trust what it was given for: it differs from the checkpoint, or was altered.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why=why)


class TreeIsSmaller(ExplainedError):
    """Tree too small

    The tree has {size} leaves; {wanted} are required.

    Ask for what a checkpoint covers.
    """

    def __init__(self, size: int, wanted: int) -> None:
        super().__init__(size=size, wanted=wanted)


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = sha256(b"").digest()


def subtrees(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the fewest full subtrees that make up [begin, end), as (height, index), from left to right."""
    while begin < end:
        height = min(trailing_zeros(begin), (end - begin).bit_length() - 1)
        yield height, begin >> height
        begin += 1 << height


def trailing_zeros(n: int) -> int:
    """Return how often 2 divides n; for 0, more than any tree is high."""
    return (n & -n).bit_length() - 1 if n else LONGEST_PROOF


@dataclass(slots=True)
class CompactRange:
    """The leaves [0, size) by the roots of their fewest full subtrees, from left to right: enough to append to."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, size: int, hashes: Sequence[bytes]) -> CompactRange:
        """Errors: ProofDoesNotHold where a tree of that size has another number of subtrees."""
        require_hashes(hashes)
        if size < 0 or len(hashes) != size.bit_count():
            raise ProofDoesNotHold(f"{len(hashes)} subtrees do not make {size} leaves")
        return cls(size, list(hashes))

    @classmethod
    def read(cls, size: int, hashes: Hashes) -> CompactRange:
        return cls(size, [hashes(height, index) for height, index in subtrees(0, size)])

    def append(self, leaf: bytes, height: int = 0) -> None:
        """Add a leaf by its hash; or, where a full subtree of that height may begin, all its leaves by their root."""
        self.size += 1 << height
        for _ in range(trailing_zeros(self.size) - height):
            leaf = node_hash(self.hashes.pop(), leaf)
        self.hashes.append(leaf)

    def root(self) -> bytes:
        return fold_right(self.hashes)


def fold_right(hashes: Sequence[bytes]) -> bytes:
    """Return the root over full subtrees of falling height."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def root_of(size: int, hashes: Hashes) -> bytes:
    """Return the root of the tree's first `size` leaves."""
    return root_between(0, size, hashes)


def root_between(begin: int, end: int, hashes: Hashes) -> bytes:
    """Return the root over [begin, end), where begin is a place at which RFC 6962 splits a tree."""
    return fold_right([hashes(height, index) for height, index in subtrees(begin, end)])


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962, from the leaf upwards. Errors: TreeIsSmaller."""
    if not 0 <= index < size:
        raise TreeIsSmaller(size, index + 1)
    begin, end, proof = 0, size, []
    while end - begin > 1:
        middle = begin + left_size(end - begin)
        if index < middle:
            proof.append(root_between(middle, end, hashes))
            end = middle
        else:
            proof.append(root_between(begin, middle, hashes))
            begin = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962; empty where they are the same. Errors: TreeIsSmaller; nothing extends size 0."""
    if not 0 < old <= new:
        raise TreeIsSmaller(new, old)
    begin, end, proof, whole = 0, new, [], True
    while old < end:
        middle = begin + left_size(end - begin)
        if old <= middle:
            proof.append(root_between(middle, end, hashes))
            end = middle
        else:
            proof.append(root_between(begin, middle, hashes))
            begin, whole = middle, False
    if not whole:
        proof.append(root_between(begin, end, hashes))
    return proof[::-1]


def left_size(size: int) -> int:
    """Of a tree of that size (2 or more), the leaves of its left half: the largest power of two below it."""
    return 1 << ((size - 1).bit_length() - 1)


def require_hashes(hashes: Iterable[bytes]) -> None:
    """Errors: ProofDoesNotHold unless each is 32 bytes."""
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise ProofDoesNotHold("a hash is not 32 bytes long")


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Verify that the tree of this size and root has this leaf hash at this index (RFC 9162, 2.1.3.2).

    Errors: ProofDoesNotHold.
    """
    require_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise ProofDoesNotHold(f"leaf {index} is not in a tree of {size}")
    place, last, digest = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofDoesNotHold("it is too long")
        if place & 1 or place == last:
            digest = node_hash(sibling, digest)
            turn = 0 if place & 1 else trailing_zeros(place)
            place, last = place >> turn, last >> turn
        else:
            digest = node_hash(digest, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofDoesNotHold("it is too short")
    if digest != root:
        raise ProofDoesNotHold(f"leaf {index} leads to another root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Verify that the tree of size `new` begins with the whole tree of size `old` (RFC 9162, 2.1.4.2).

    Errors: ProofDoesNotHold; of an old size of 0 always, since everything extends nothing.
    """
    require_hashes([old_root, new_root, *proof])
    if not 0 < old <= new:
        raise ProofDoesNotHold(f"a tree of {new} leaves cannot be shown to extend one of {old}")
    if old == new:
        if proof or old_root != new_root:
            raise ProofDoesNotHold("two trees of one size differ")
        return
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    if not path:
        raise ProofDoesNotHold("it is too short")
    if rise(old, new, path) != (old_root, new_root):
        raise ProofDoesNotHold(f"the tree of {new} leaves does not extend the one of {old}")


def rise(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots that the path leads to. Errors: ProofDoesNotHold where its length is not theirs."""
    place, last = old - 1, new - 1
    turn = trailing_zeros(place + 1)
    place, last = place >> turn, last >> turn
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofDoesNotHold("it is too long")
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            turn = 0 if place & 1 else trailing_zeros(place)
            place, last = place >> turn, last >> turn
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofDoesNotHold("it is too short")
    return first, second


def roots_of_pairs(hashes: bytes) -> bytes:
    """One height up: the hash of each pair of hashes that stand side by side."""
    return b"".join(
        sha256(b"\x01" + hashes[at : at + 2 * HASH_BYTES]).digest() for at in range(0, len(hashes), 2 * HASH_BYTES)
    )


def root_of_full(hashes: bytes) -> bytes:
    """Return the root over 2**n hashes that stand side by side."""
    while len(hashes) > HASH_BYTES:
        hashes = roots_of_pairs(hashes)
    return hashes


Pyramid = Sequence[bytes]
"""A tile's hashes, and above them those of every height up to its root, as far as they are of full subtrees."""


def pyramid(data: bytes) -> Pyramid:
    risen = [data]
    while len(risen) <= TILE_HEIGHT:
        pairs = len(risen[-1]) // (2 * HASH_BYTES)
        risen.append(roots_of_pairs(risen[-1][: pairs * 2 * HASH_BYTES]))
    return risen


def hashes_of_tiles(tile: TileOf) -> Hashes:
    """Return a function that reads any full subtree's root out of tiles; it reads each tile once."""
    return hashes_of_pyramids(lambda level, index: pyramid(tile(level, index)))


def hashes_of_pyramids(tile: Callable[[int, int], Pyramid]) -> Hashes:
    """Return a function that reads any full subtree's root out of pyramids; it reads each once."""
    pyramids: dict[tuple[int, int], Pyramid] = {}

    def hash_at(height: int, index: int) -> bytes:
        level, up = divmod(height, TILE_HEIGHT)
        key = level, (index << up) >> TILE_HEIGHT
        if key not in pyramids:
            pyramids[key] = tile(*key)
        at = (index & ((TILE_WIDTH >> up) - 1)) * HASH_BYTES
        digest = pyramids[key][up][at : at + HASH_BYTES]
        if not digest:
            there = (key[1] << TILE_HEIGHT) + len(pyramids[key][0]) // HASH_BYTES
            raise TreeIsSmaller(there << height - up, index + 1 << height)
        return digest

    return hash_at


@dataclass(frozen=True, slots=True)
class Tile:
    """`data`: `width` hashes (1 to 256) of height 8 * level, side by side, from the one numbered index * 256."""

    level: int
    index: int
    data: bytes

    @property
    def width(self) -> int:
        return len(self.data) // HASH_BYTES

    @property
    def path(self) -> str:
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the tile's path in C2SP tlog-tiles: tile/0/x001/x234/067, tile/1/003.p/17."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}{'' if width == TILE_WIDTH else f'.p/{width}'}"


@dataclass(slots=True)
class TiledTree:
    """The tree's right edge: on each level the tile that is being filled. What is appended comes back as tiles."""

    size: int = 0
    edge: list[bytes] = field(default_factory=list)

    @classmethod
    def read(cls, size: int, tile: TileOf) -> TiledTree:
        """Return the edge of a tree of that size. Errors: TreeIsSmaller if the stored tiles do not reach it."""
        edge = []
        for level, count in levels(size):
            filled = (count % TILE_WIDTH) * HASH_BYTES
            data = tile(level, count // TILE_WIDTH)[:filled] if filled else b""
            if len(data) != filled:
                raise TreeIsSmaller((count - filled + len(data)) << TILE_HEIGHT * level, size)
            edge.append(data)
        return cls(size, edge)

    def append(self, leaves: bytes) -> list[Tile]:
        """Add leaf hashes, given side by side. Return the tiles that are new or wider now, by level, full ones and the
        edge's."""
        tiles: list[Tile] = []
        risen, level, before = leaves, 0, self.size
        while risen:
            if level == len(self.edge):
                self.edge.append(b"")
            index = before >> TILE_HEIGHT
            data, risen = self.edge[level] + risen, b""
            for at in range(0, len(data), TILE_WIDTH * HASH_BYTES):
                tile = Tile(level, index, data[at : at + TILE_WIDTH * HASH_BYTES])
                tiles.append(tile)
                index += 1
                if tile.width == TILE_WIDTH:
                    risen += root_of_full(tile.data)
            self.edge[level] = tiles[-1].data if tiles[-1].width < TILE_WIDTH else b""
            level, before = level + 1, before >> TILE_HEIGHT
        self.size += len(leaves) // HASH_BYTES
        return tiles


def levels(size: int) -> Iterator[tuple[int, int]]:
    """(level, how many hashes it has) of each level of a tree of that size."""
    level = 0
    while size:
        yield level, size
        level, size = level + 1, size >> TILE_HEIGHT


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, index, width) of every tile that a tree of that size has."""
    for level, count in levels(size):
        for index in range(-(-count // TILE_WIDTH)):
            yield level, index, min(TILE_WIDTH, count - index * TILE_WIDTH)
