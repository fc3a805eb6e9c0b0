"""Whether the proofs hold for what is true, and for nothing else."""
