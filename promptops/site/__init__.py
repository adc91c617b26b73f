"""The registry as a static site: what is live, since when, by whom and why.

Modules:
    facts: what a repository says of its prompts, releases and deployments.
    pages: the facts as HTML.
    writing: the pages in a folder; what did not change is not written again.
"""
