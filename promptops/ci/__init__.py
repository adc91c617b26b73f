"""The gate in a GitHub workflow: `python -I -m promptops.ci`, for `action.yml` and templates alike.

It needs no checkout. What it judges is fetched, as data, into a repository of its own; nothing of
the change is ever checked out or run, so that it may run with the rights of the default branch.
"""
