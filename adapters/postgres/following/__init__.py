"""Following the log: a feed of what is settled, a leader among several processes, and the loop over both."""
