"""The whole of it: simulated shops and ERPs on real sockets, with the real connectors and the real engine between."""
