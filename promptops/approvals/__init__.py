"""Who approved: asks the sources of approvals, and gives what they know in one shape.

`statement` is what somebody signs, `store` where signed statements lie, `signed` judges them, and
`file` reads what another forge's pipeline wrote down. What an approval is worth, `gate` decides.
"""

from __future__ import annotations
