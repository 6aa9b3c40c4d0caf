"""An ERP that takes orders as invoices and tells little."""
