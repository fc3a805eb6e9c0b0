"""What lets somebody who does not trust us check the log: leaves, a Merkle tree, signed checkpoints."""
