"""What a forge says of a change: GitHub and GitLab, read over HTTP and believed only so far.

    from promptops.forge.github import GitHub

    with GitHub("acme/prompts", token=token) as github:
        for review in github.reviews(12):
            ...

A forge may be slow, failing, or somebody else: an answer is bounded in size, time and number of
pages and has the types that the forge's own description promises, or it is an error. No error is
ever an empty answer. Only `conversation` writes: a commit status, and one comment.
"""
