"""Import of files: `Imports` for the door, `Importer` for the worker, `WorkerProcess` for both."""

from services.registry.handlers.imports.bulk import BulkRecorder
from services.registry.handlers.imports.files import Imports, Sent
from services.registry.handlers.imports.letting_go import let_go
from services.registry.handlers.imports.process import WorkerProcess
from services.registry.handlers.imports.run import Importer
from services.registry.store.imports import Import
from services.registry.store.imports_rows import WAITS

__all__ = [
    "WAITS",
    "BulkRecorder",
    "Import",
    "Importer",
    "Imports",
    "Sent",
    "WorkerProcess",
    "let_go",
]
