"""The command line of operators and auditors: one module a group of verbs."""
