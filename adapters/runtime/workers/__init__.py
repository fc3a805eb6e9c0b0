"""The background workers, one module each; adapters/workers.py lists them."""
