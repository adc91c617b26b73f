"""The tables of the configuration that say how prompts are run: one module each, all pure."""
