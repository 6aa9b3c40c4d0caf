"""Visma e-conomic: orders, invoices and articles by the legacy REST API (unversioned; the only one that takes orders, 2026-11).

Price lists by the newer OpenAPI, Products 2.0.0 (January 2026), on a host of its own: the legacy API does not have them.
"""
