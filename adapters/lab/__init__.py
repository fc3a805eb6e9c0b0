"""Invented histories, benchmarks and drills: no part of the product, they look at it from outside."""
