"""Parse frontmatter into documents with positions and faults."""
