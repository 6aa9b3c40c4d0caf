"""Doors for machines: incoming webhooks."""
