"""What is tested: how it is reached, what it answers, what it can do."""
