"""Write the registry as a static site: what is live, since when, by whom and why.

Modules: facts: the data of prompts, releases and deployments. pages: the facts as HTML. writing:
    write the pages; unchanged ones are skipped.
"""
