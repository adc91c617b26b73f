"""`promptops guards`: limits. One verb, one file; `opening` is shared by them."""
