"""What is sold and to whom."""

from billing.models.customer import Customer

__all__ = ["Customer"]
