"""The prompt format: parsing, validation, rendering. No input or output."""
