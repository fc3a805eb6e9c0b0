"""Deliveries of outside systems, in bodies of our own invention."""
