"""The keys of people: wrapped by the key file, used to seal personal fields and destroyed by an erasure."""
