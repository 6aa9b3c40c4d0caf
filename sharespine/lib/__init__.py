"""The floor everybody stands on. Imports nothing of ours."""
