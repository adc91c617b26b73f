"""The HTTP service: prompts for programs in any language, who show a key.

Each route is thin: it checks the key, calls the library and writes JSON. Starlette and uvicorn are
imported by `application` and `listening` alone.
"""
