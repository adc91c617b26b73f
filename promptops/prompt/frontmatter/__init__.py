"""Frontmatter: a file becomes a document with positions and faults."""
