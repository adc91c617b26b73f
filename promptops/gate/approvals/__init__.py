"""Collect approvals from all sources in one form.

`collection` asks the sources: `forge` a forge's API, `signed` signed statements, and `file` a file
from another pipeline. `statement` is the signed format, `approving` drafts a statement, `signing`
signs it, and `store` keeps it. `gate.rules` decides which approvals count; `deployment` applies
them to promotions.
"""

from __future__ import annotations
