"""What runs, when, and what happened."""
