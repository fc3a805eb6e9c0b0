"""The embedded PostgreSQL: its data folder, its processes and who uses it."""
