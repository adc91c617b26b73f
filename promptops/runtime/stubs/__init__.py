"""Generate types of prompts' inputs and outputs for programs that call them.

Modules: types: convert a JSON Schema to types, independent of languages. python, typescript, curl:
write types and calls in a language.
"""
