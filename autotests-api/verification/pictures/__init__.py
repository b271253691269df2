"""Makes the pictures of the report that the documents show: ``python -m verification.pictures``."""
