"""Configurations of promptfoo, run by promptfoo and by promptops on one scripted server."""
