"""Hostile files, made at random: `nox -s fuzz`."""
