"""Visma e-conomic: orders and invoices by the legacy REST API (unversioned; the only one that takes orders, 2026-11)."""
