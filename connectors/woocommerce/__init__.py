"""WooCommerce: a shop, read through its REST API wc/v3 (measured with WooCommerce 10.5.0 on 2026-11-21)."""
