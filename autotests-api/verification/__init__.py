"""Shows that the suite and its tools work. Not shipped."""
