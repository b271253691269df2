"""Test WebSocket servers and clients with pytest."""
