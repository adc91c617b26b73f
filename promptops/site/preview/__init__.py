"""The site on this machine: served on loopback, rebuilt on changes, with a form to try prompts."""
