"""The version of this program, for everything that has to name it."""

from __future__ import annotations

__version__ = "0.1.0"
