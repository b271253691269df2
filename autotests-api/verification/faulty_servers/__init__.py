"""Echo servers with exactly one broken rule each, and the correct one that they differ from."""
