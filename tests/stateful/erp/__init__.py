"""An ERP in memory."""
