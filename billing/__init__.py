"""Who pays for what. Knows nothing of flows or connectors."""
