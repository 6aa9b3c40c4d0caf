"""A shop with price lists."""
