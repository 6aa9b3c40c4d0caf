"""The kill storm: real processes on a real database between simulated systems, killed and frozen again and again."""
