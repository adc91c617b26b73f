"""The sources of prompts: repositories, their mirrors, snapshots, and several in order."""
