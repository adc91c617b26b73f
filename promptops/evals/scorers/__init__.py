"""Scorers: one module for each way to judge an answer; `registry` lists them."""
