"""Send alerts about limits, open breakers, and providers that refuse requests."""
