"""Connectors speak to the outside: plain Python, no Django, no database. They know canonical records, never each other."""
