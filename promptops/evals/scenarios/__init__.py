"""Draft samples from a prompt's input schemas or recorded runs, or with a model.

Modules: values: values worth trying for one input, each with its kind. pairs: combinations of
values in which every pair occurs. drafting: write a draft suite for review.
"""
