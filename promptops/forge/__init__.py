"""Read changes, reviews and people from GitHub and GitLab, over HTTP.

    from promptops.forge.github import GitHub

    with GitHub("acme/prompts", token=token) as github:
        for review in github.reviews(12):
            ...

A forge may be slow, failing or impersonated. So answers are bounded in size, time and number of
pages, and must have the documented types; anything else is an error. An error is never reported as
an empty answer. Only `conversation` writes: a commit status, and one comment.
"""
