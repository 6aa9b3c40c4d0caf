"""A shop in memory."""
