"""What each verb decides, and what it refuses."""
