"""`promptops guards`: show and reset limits. One verb, one file; they share `opening`."""
