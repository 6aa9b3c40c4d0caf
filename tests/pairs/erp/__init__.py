"""An ERP that gives and takes every register."""
