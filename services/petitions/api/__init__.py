"""The HTTP door: parse -> handler -> response."""

from services.petitions.api.problems import install_problems
from services.petitions.api.routes import Doors

__all__ = ["Doors", "install_problems"]
