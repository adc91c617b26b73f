"""Write values as YAML that our reader and parsers of YAML 1.1 and 1.2 read as the same values."""

from __future__ import annotations

import re

import yaml

from promptops.prompt.frontmatter.yaml_values import NEWER_NUMBER

# Characters that end a line for some parsers.
_OTHER_NEWLINES = re.compile("[\x85\u2028\u2029]")
_WIDTH = 80


class _CarefulDumper(yaml.SafeDumper):
    """Quotes strings that YAML 1.2 would read as numbers, and writes no aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_doubtful = NEWER_NUMBER.fullmatch(text) or _OTHER_NEWLINES.search(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, '"' if is_doubtful else None)


_CarefulDumper.add_representer(str, _represent_text)


def dump_yaml(value: object, width: int = _WIDTH) -> str:
    """Return a JSON value as YAML; keys keep their order.

    Args:
        value: the value.
        width: the column at which long lines are folded.
    """
    text: str = yaml.dump(
        value, Dumper=_CarefulDumper, sort_keys=False, allow_unicode=True, width=width
    )
    return text
