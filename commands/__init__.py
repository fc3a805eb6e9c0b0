"""What may be asked of Perennial: one file a verb, each a command and the pure rule that answers it."""
