"""The ledger: the only writer of transfers, their events and the counters of runs.

Every change of a claimed transfer carries its fence: a worker that lost its claim changes nothing. Nothing here speaks to a
remote system, and no transaction is open while anybody does.
"""
