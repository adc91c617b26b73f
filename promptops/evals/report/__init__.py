"""Reports of eval runs, one module for each format."""
