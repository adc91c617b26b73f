"""Models: all providers with the same interface."""

from __future__ import annotations

from promptops.runtime.models.opening import Models, open_model

__all__ = ["Models", "open_model"]
