"""Tables beside the log: API keys, deliveries, erasures, idempotency records and offsets."""
