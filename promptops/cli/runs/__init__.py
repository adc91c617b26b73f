"""`promptops runs`: what was run. One verb, one file; `opening` and `view` are shared by them."""
