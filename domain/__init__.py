"""What recruiting people know and decide: events, states and rules, in plain Python."""
