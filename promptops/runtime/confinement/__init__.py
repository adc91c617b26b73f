"""Render templates that nobody approved in a process with limits."""
