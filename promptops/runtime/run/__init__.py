"""Run a prompt: from a ref and inputs to an answer, its cost and its record."""
