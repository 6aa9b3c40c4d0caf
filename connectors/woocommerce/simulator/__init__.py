"""A WooCommerce shop to try things on: its catalogue, its arithmetic, its REST API and its 500 orders."""
