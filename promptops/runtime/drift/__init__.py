"""Drift: do recent runs look like those of a reference window?"""
