"""How fast Perennial is beside a stock library or the machine's own limits."""
