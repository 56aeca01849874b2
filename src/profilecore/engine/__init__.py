"""The engine: units of work, scope, idempotency, and the verbs of the public interface."""

from profilecore.engine.engine import Engine

__all__ = ["Engine"]
