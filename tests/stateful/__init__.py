"""Any order of events: the real engine, one step after the other, between a shop and an ERP in memory, on clocks of our own.

Everything happens in one thread at a time, so a failure is replayed and shrunk from its seed.
"""
