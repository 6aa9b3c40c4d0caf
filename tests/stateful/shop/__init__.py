"""A shop in memory, on a clock of its own."""
