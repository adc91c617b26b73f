"""Alert channels, one module each, imported on use."""
