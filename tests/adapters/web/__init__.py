"""Perennial over real HTTP on the loopback, against a real PostgreSQL."""
