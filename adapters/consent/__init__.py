"""Looks after consents as time goes by."""
