"""The log, its keys and the folds, as PostgreSQL holds them."""
