"""Run prompts: call models within limits, and record the runs."""
