"""Outgoing webhooks: what a merchant's own systems are told, kept with what it tells of and sent afterwards."""
