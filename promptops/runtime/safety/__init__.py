"""Safety at run time: untrusted inputs, leaked prompts, local detection."""
