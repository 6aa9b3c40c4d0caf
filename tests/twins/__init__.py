"""In-memory twins of a shop and an ERP: the engine is tested against them without a network."""
