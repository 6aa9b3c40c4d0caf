"""An example of a plugin for Sharespine. Copy the folder, give it a name of its own, and change what it does."""
