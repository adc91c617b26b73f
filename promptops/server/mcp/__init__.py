"""Prompts over the Model Context Protocol: for editors, desktop clients and agents.

Modules: reader: access to prompts with one client's permissions. prompts: list, render and complete
    prompts. resources: versions and differences as documents. tools: the tools for models.
    application: the server, on standard streams or over HTTP.
"""
