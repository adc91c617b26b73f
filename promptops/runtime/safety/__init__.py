"""Safety at run time: what strangers wrote, what a prompt must not give away, what stays here."""
