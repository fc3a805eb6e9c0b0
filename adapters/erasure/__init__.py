"""Erasing a person: one way through it, and everybody who holds something of a person and lets go of it."""
