"""What all tests share. With several processes, only the hooks named here run in the one that prints the summary."""

pytest_plugins = ["tests.connectors.contract.figures"]
