"""Nightly evals: compare live versions with their earlier results, stored in a Git branch."""
