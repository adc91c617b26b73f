"""Draft prompts with schemas and suites, from a description in plain language.

Modules: answer: convert a model's answer to files, or list its faults. drafting: ask a model,
repair the answer once if necessary, and write the files.
"""
