"""Make and verify signatures with ssh-keygen and GnuPG."""
