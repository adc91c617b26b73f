"""Run a prompt: from ref and inputs to answer, cost and record."""
