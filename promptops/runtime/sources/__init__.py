"""Where prompts come from: repositories, mirrors of them, snapshots, and several in order."""
