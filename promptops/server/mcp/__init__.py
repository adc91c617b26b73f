"""Prompts over the Model Context Protocol: for editors, desktop clients and agents.

Modules:
    reader: on whose behalf a request reads, and from which environment.
    prompts: prompts with their arguments, and what may be completed.
    resources: versions and differences as documents.
    tools: what a model may call.
    application: the server of the SDK, on standard streams or over HTTP.
"""
