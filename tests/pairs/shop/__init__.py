"""A shop that takes and gives every register but price lists."""
