"""Doors for machines: REST, and incoming webhooks."""
