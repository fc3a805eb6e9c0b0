"""What outside systems send us, verified before it is read, kept whole, and turned into commands."""
