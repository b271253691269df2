"""PROOF: the suite is run against every faulty server, and must turn red on each."""
