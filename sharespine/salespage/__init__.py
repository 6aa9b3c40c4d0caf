"""A small sales page for the sandbox: a site of its own that knows Sharespine by its API alone."""
