"""What the connector for e-conomic can do, and why it cannot do the rest."""

from __future__ import annotations

from datetime import timedelta

from connectors.base import Capabilities, Reads, Register, Writes
from connectors.economic.order_options import KINDS
from connectors.economic.targets import TARGETS
from sharespine.lib.text import N_

#: Times of change are in whole minutes (recorded February 2024).
_OVERLAP = timedelta(minutes=3)
_PAGE = 1000

_NO_VARIANTS = N_("Each variant is an article of its own in e-conomic.")
_NO_CATEGORIES = N_("e-conomic has no categories.")
_NO_SHORT_TEXT = N_("e-conomic has one description per article.")
_READ_ONLY_WEIGHT = N_("e-conomic takes no weights from outside.")
_UNTOLD_WEIGHT = N_("e-conomic does not tell in which unit its weights are.")
_NO_DELIVERIES = N_("e-conomic does not tell what has been delivered.")

CAPABILITIES = Capabilities(
    reads={
        Register.PRODUCTS: Reads(
            page_size=_PAGE,
            overlap=_OVERLAP,
            lacks={
                "short_text": _NO_SHORT_TEXT,
                "weight": _UNTOLD_WEIGHT,
                "categories": _NO_CATEGORIES,
                "variants": _NO_VARIANTS,
            },
        ),
        # Where price lists or another currency are read, each read is a whole one: nothing tells when those have changed.
        Register.PRICES: Reads(
            page_size=_PAGE, overlap=_OVERLAP, lacks={"sale_dates": N_("e-conomic has no dates for its prices.")}
        ),
        Register.PRICE_LISTS: Reads(
            incremental=False,
            page_size=_PAGE,
            lacks={"currencies": N_("e-conomic tells the prices of price lists in other currencies only one by one.")},
        ),
        # The vendor's schema says that a change of the stock counts as a change of the article.
        Register.STOCK: Reads(
            page_size=_PAGE,
            overlap=_OVERLAP,
            lacks={
                "warehouses": N_("e-conomic does not tell stock per warehouse."),
                "restock_on": N_("e-conomic does not tell when goods arrive."),
            },
        ),
        Register.STATUS: Reads(
            incremental=False,
            by_key_only=True,
            lacks={"partly_delivered": _NO_DELIVERIES, "tracking": N_("e-conomic knows nothing of parcels.")},
        ),
    },
    cannot_read={Register.ORDERS: N_("Orders are placed in the shop and go to e-conomic, not the other way.")},
    writes={
        Register.ORDERS: Writes(
            # Answers are kept for an hour by `Idempotency-Key` (the vendor, and verified by others in August 2026).
            idempotency_window=timedelta(hours=1),
            finds_by_reference=True,
            completes=True,
            # ASSUMED: nobody has measured when a new document can be found; SQL behind the API suggests at once.
            index_delay=timedelta(seconds=5),
            document_kinds=KINDS,
            credits=True,
            # What is available is what is in stock without what customers have ordered; drafts of invoices take nothing.
            reserving_kinds=("order",),
            lacks={"number_series": N_("e-conomic gives documents their numbers.")},
            target_fields=TARGETS,
        ),
        Register.PRODUCTS: Writes(
            batch_size=20,
            variant_dimensions=0,
            lacks={
                "short_text": _NO_SHORT_TEXT,
                "weight": _READ_ONLY_WEIGHT,
                "categories": _NO_CATEGORIES,
                "variants": _NO_VARIANTS,
            },
        ),
    },
    cannot_write={
        Register.PRICES: N_("Prices are kept in e-conomic and go to the shop, not the other way."),
        Register.PRICE_LISTS: N_("Price lists are kept in e-conomic and go to the shop, not the other way."),
        Register.STOCK: N_("e-conomic has no way to set a stock level from outside."),
        Register.STATUS: N_("What becomes of an order is decided in e-conomic, and told to the shop."),
    },
    max_in_flight=4,
)
