"""The gate in a GitHub workflow, for `action.yml` and templates alike.

Start it with `python -I -m promptops.protection.ci`.

It needs no checkout. What it judges is fetched, as data, into a repository of its own; nothing of
the change is ever checked out or run, so that it may run with the rights of the default branch.
"""
