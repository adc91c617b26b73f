"""Tests of `promptops.git`, on real repositories."""
