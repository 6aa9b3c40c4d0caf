"""Base of the simulators: a WSGI application on a real socket, with an append-only history and fault injection.

A simulator never imports its connector or mapping: a simulator that shares code with its connector agrees with its mistakes.
"""
