"""A history of recruiting that never happened: made from a seed, with the truth about it beside it."""
