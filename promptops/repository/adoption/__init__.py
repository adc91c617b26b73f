"""Convert prompts of other tools.

A reader in `formats` turns one file into drafts. `plan` decides each draft's path and text. Nothing
is written before a person has seen the plan. The converted prompt sends the same messages as the
original; a note reports every difference.
"""
