"""Is a team ready for production? A checklist whose items are judged by facts.

Modules:
    item: what an item is, and what can come of it.
    facts: the repository, its configuration and its run log, read when first asked for.
    attestations: what people vouch for, with a date after which it no longer counts.
    tool, product, production: the items of the three levels.
    checklist: all items, judged.
    audit: what an audit and a quarterly review write down.
    report: the same as text, JSON and Markdown.
"""
