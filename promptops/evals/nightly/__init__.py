"""Nightly evals: live versions against their own earlier results, kept in a Git branch."""
