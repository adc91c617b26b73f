"""Where forges look for CODEOWNERS, each using only the first file found.

Separate from the parser, so that a repository without owners need not import it.
"""

from __future__ import annotations

GITHUB_OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
GITLAB_OWNERS = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
ALL_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
