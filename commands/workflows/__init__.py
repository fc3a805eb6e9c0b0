"""Workflows that take several commands and their time: each is deterministic given its ports and its clock."""
