"""Perennial over HTTP: a request becomes a command or a question, and every answer names where in the log it stands."""
