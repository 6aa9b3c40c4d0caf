"""The project: wiring on top (settings, URLs, commands, doors), a small floor below (`lib`)."""
