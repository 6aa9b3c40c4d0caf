"""What others may want to know. `billing` knows nothing of them."""

from __future__ import annotations

from django.dispatch import Signal

#: What a customer may do, or how much, has changed: sent with `customer_id` once the change is saved.
rights_changed = Signal()
#: The month's orders near their end: sent with `notice`, a `Notice`, in the transaction that saves it.
cap_noticed = Signal()
