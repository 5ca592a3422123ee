"""A registry of Prometheus series for one process, with what the process says of itself."""

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)


def new_registry() -> CollectorRegistry:
    """A registry with memory, processor, file and collector series of this process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
