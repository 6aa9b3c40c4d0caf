"""One suite that every system of the registry passes, against its simulator."""
