"""The repository that contains the prompts: configuration, files, remotes, scaffolding."""
