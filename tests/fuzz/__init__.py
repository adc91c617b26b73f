"""Hostile files, made at random: `python3 dev.py fuzz`."""
