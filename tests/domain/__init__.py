"""What states, rules and catalogues promise."""
