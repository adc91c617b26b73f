"""Evals: judge a prompt's answers by a suite of samples, and compare them with a baseline's."""
