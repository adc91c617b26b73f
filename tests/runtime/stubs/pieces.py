"""Prompts for the tests of their types, without a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import load_prompt
from promptops.runtime.stubs.types import read_stubs
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt
    from promptops.runtime.stubs.types import PromptStub

INPUTS = """
  question: {type: string, description: 'What is asked. \\"\\"\\" */ \\\\'}
  max_words: {type: [integer, 'null'], default: null}
  mode: {enum: [fast, slow, 3, null], default: fast}
  tags: {type: array, items: {$ref: '#/$defs/tag'}, $defs: {tag: {enum: [a, b]}}, default: []}
  order: {type: object, required: [id], properties: {id: {type: integer}, 'a b': {type: string}}}
  free: {type: object, additionalProperties: {type: number}, default: {}}
  any: {default: null}
"""
OUTPUT = """
  type: object
  required: [topic, tree]
  properties:
    topic: {anyOf: [{const: billing}, {type: 'null'}]}
    score: {type: number, description: From 0 to 1.}
    tree: {$ref: '#/$defs/node'}
  $defs:
    node: {type: object, required: [name], properties: {name: {type: string},
           children: {type: array, items: {$ref: '#/$defs/node'}}}}
"""


def load(name: str, version: str = "1.0.0", **keys: str) -> Prompt:
    """A prompt whose types are as its inputs and output say."""
    closure = load_closure(name, {f"{name}.md": prompt_text(version, **keys).encode()})
    assert closure is not None
    return load_prompt(closure)


def typed() -> Prompt:
    """A prompt with every kind of type."""
    return load("support/typed", "1.2.0", inputs=INPUTS, output=OUTPUT)


def all_stubs() -> list[PromptStub]:
    """Two prompts whose names make one word, and one with every kind of type."""
    return read_stubs([typed(), load("support/a-b"), load("support/ab")])
