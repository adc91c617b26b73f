"""Models: each provider behind one interface."""
