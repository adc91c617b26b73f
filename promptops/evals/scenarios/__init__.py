"""Draft samples from what a prompt declares of its inputs, without any model.

Modules:
    values: the values worth trying of one input, each with its kind.
    pairs: combinations in which every two values of two inputs meet.
    drafting: the suite that a person then reviews.
"""
