"""Who approved: asks the sources of approvals, and gives what they know in one shape.

`collection` asks them all: `forge` asks a forge's API, `signed` judges the statements that people
signed, and `file` reads what another forge's pipeline wrote down. `statement` is what somebody
signs, `approving` what a person would sign now, `signing` the key, and `store` where statements
lie. What an approval is worth, `gate` decides; `deployment` holds promotions to it.
"""

from __future__ import annotations
