"""SERVERS WE START: a background thread runner, and servers with one broken rule each."""
