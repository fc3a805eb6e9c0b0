"""The event log: appends, ordered reads and the settled end."""
