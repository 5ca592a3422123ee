"""The HTTP door: parse, call a handler, answer."""

from services.registry.api.feed import Subscribing
from services.registry.api.problems import install_problems
from services.registry.api.queries import Reading
from services.registry.api.reconciliations import Reconciling
from services.registry.api.reorganizations import Reorganizing
from services.registry.api.routes import Doors

__all__ = ["Doors", "Reading", "Reconciling", "Reorganizing", "Subscribing", "install_problems"]
