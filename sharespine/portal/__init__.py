"""The door for merchants: pages of their own, with their own log-in and no rights in the admin."""
