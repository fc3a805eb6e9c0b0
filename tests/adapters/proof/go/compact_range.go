package main

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// compactRange is an RFC 6962 tree that only grows: the roots of its complete parts, the largest first.
type compactRange struct {
	size  int64
	parts []tlog.Hash
}

// newCompactRange takes the parts of the first `size` leaves; there is one for every bit that is set in it.
func newCompactRange(size int64, parts []tlog.Hash) (*compactRange, error) {
	if size < 0 || len(parts) != bits.OnesCount64(uint64(size)) {
		return nil, fmt.Errorf("%d hashes cannot stand for the first %d leaves", len(parts), size)
	}
	return &compactRange{size, parts}, nil
}

func (tree *compactRange) append(leaf tlog.Hash) {
	for full := tree.size; full&1 == 1; full >>= 1 {
		last := len(tree.parts) - 1
		leaf = tlog.NodeHash(tree.parts[last], leaf)
		tree.parts = tree.parts[:last]
	}
	tree.parts = append(tree.parts, leaf)
	tree.size++
}

// root is the root of all leaves; that of none is never asked for, because no checkpoint has size 0.
func (tree *compactRange) root() tlog.Hash {
	last := len(tree.parts) - 1
	root := tree.parts[last]
	for last--; last >= 0; last-- {
		root = tlog.NodeHash(tree.parts[last], root)
	}
	return root
}
