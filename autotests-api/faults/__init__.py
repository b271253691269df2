"""BAD NETWORK: a clean TCP link, and one file per fault."""
