"""Ways to tell somebody. One channel, one file; each is imported when it is first used."""
