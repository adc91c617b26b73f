"""`promptops reviews`: runs that wait for a person. One verb, one file."""
