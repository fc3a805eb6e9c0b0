"""The holders of personal data outside the log, and what each removes of a person who is erased."""
