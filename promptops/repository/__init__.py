"""The repository around the prompts: configuration, files, true refs, scaffolding."""
