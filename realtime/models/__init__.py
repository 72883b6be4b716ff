"""Models: a style picture becomes a style code once, then every frame is stylized with it."""

from realtime.models.base import Model, StyleCode
from realtime.models.registry import DEFAULT_MODEL, NAMES, open_model

__all__ = ["DEFAULT_MODEL", "NAMES", "Model", "StyleCode", "open_model"]
