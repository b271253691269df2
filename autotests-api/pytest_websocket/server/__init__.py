"""The echo server, and what runs servers in the background."""
