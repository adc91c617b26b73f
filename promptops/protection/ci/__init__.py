"""Run the gate in a GitHub workflow, for `action.yml` and templates.

Start it with `python -I -m promptops.protection.ci`.

It needs no checkout. The change is fetched as data into a temporary repository; nothing of it is
ever checked out or run. So the job may run with the default branch's permissions.
"""
