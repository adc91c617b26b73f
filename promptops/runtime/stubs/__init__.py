"""Types of prompts' inputs and outputs for programs that call them.

Modules:
    types: a JSON Schema as a type, in no language yet.
    python, typescript, curl: the types, and how to call a prompt, in a language.
"""
