"""What all tests share. With several processes, only the hooks named here run in the one that prints the summary."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.connectors.contract.figures"]

# How fast values are made, and how long an example takes, says something about the machine, not about us.
settings.register_profile("whatever the machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("whatever the machine")
