"""The HTTP door: parse -> handler -> response."""

from services.petitions.api.problems import install_refusals
from services.petitions.api.routes import Doors

__all__ = ["Doors", "install_refusals"]
