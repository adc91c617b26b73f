"""`promptops conversations`: what users and prompts said. One verb, one file."""
