"""Draft prompts with schemas and suites, from a description in plain language.

Modules:
    answer: what a model wrote -> files, or what is wrong with it.
    drafting: asks a model, once more where that has to be repaired, and writes the files.
"""
