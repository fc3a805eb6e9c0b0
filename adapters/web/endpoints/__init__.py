"""One module a group of endpoints: how each answers a request."""
