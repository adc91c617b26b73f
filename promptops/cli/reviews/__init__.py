"""`promptops reviews`: reviews of runs by people. One verb, one file."""
