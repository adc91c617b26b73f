"""The HTTP service: prompts for programs in any language, authenticated by a key.

Each route checks the key, calls the library and writes JSON. Only `application` and `listening`
import Starlette and uvicorn.
"""
