"""What every process of Perennial needs: background threads, random bytes, redacted logs and the rotation of keys."""
