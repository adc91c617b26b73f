"""`promptops runs`: the run log. One verb, one file; they share `opening` and `view`."""
