"""Releases, environments and deployments."""
