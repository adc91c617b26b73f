"""Take over a configuration of promptfoo: its prompts, and its tests as suites.

A check is carried over where it gives the same verdict here. What is left out, or judged in another
way, is named with its line and case.
"""

from promptops.repository.adoption.promptfoo.configuration import is_configuration, read_drafts

__all__ = ["is_configuration", "read_drafts"]
