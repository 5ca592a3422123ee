"""The HTTP door: parse, call a handler, answer."""

from services.registry.api.problems import install_problems
from services.registry.api.routes import Doors

__all__ = ["Doors", "install_problems"]
