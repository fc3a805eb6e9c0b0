"""Proofs of the log for auditors: leaves, a Merkle tree, signed checkpoints."""
