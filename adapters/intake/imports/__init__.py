"""History comes in from files: people, contacts, consents and jobs that somebody kept elsewhere before."""
