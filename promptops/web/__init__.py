"""HTTP for everything but models on event loops: bounded, and without waiting for an import."""
