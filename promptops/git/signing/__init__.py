"""Signatures: made and verified by ssh-keygen and GnuPG."""
