"""Proof by breaking: what was acknowledged survives every kill, once."""
