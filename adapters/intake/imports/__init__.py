"""Imports of history from files: people, contacts, consents and jobs of another system."""
