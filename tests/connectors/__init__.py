"""Tests of what speaks to the outside. They need no Django and no database."""
