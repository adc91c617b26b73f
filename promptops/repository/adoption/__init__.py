"""Adopt prompts that other tools wrote: read them, say what cannot be carried over, write ours.

A reader of `formats` makes drafts of one file; `plan` gives each its place and its text; nothing is
written before a person has seen the plan. The adopted prompt sends what the original sent, or a
note says where it does not.
"""
