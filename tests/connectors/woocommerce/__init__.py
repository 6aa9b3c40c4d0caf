"""WooCommerce: recordings of a real shop (2026-11-21) in `fixtures`, and the simulator."""
