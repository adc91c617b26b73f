"""Convert a promptfoo configuration: its prompts, and its tests as suites.

A check is converted if it gives the same verdict here. Checks that are left out, or may give
another verdict, are reported with line and case.
"""

from promptops.repository.adoption.promptfoo.configuration import is_configuration, read_drafts

__all__ = ["is_configuration", "read_drafts"]
