"""The only package that starts git or imports GitPython.

`process` runs the binary, `objects` reads, `trees` and `history` write, `refs` moves names by
compare-and-swap, `remote` talks to other repositories, `inspection` looks at configuration.
"""

from __future__ import annotations

from promptops.git.objects import ObjectReader
from promptops.git.process import Git

__all__ = ["Git", "ObjectReader"]
