"""A checklist for production, whose items are judged by facts.

Modules:
    item: the types of items and their outcomes.
    facts: the repository, its configuration and its run log, read on first use.
    attestations: statements of people, with an expiry date.
    tool, product, production: the items of the three levels.
    checklist: all items, judged.
    audit: the documents of audits and quarterly reviews.
    report: the same as text, JSON and Markdown.
"""
