"""The proofs in PostgreSQL: leaves are numbered and signed, rows are read for bundles, and the log is verified."""
