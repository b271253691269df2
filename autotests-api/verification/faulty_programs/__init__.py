"""Server programs with one fault in how they end, start again, or give back what they hold."""
