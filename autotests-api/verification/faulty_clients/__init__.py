"""A correct WebSocket client, and a catalogue of clients each of which breaks one rule.

They share no code with the package: what they get wrong, the package must not get wrong with them.
"""
