"""The manifest beside a dump: what it is, how it was made, and whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kdive.engine.manifest import SCHEMA
from kdive.kdump.capture_plan import CapturePlan


@dataclass
class Manifest:
    """Grows while the capture goes on; written at its start, and rewritten at its end."""

    plan: CapturePlan
    target: str
    time: int  # when the capture began
    before: tuple[str, ...] = ()  # what went wrong at the targets that were tried before
    reason: str = "the capture has not ended"
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # of the dump

    def text(self, memory: Mapping[str, int], seconds: float) -> bytes:
        """The file; `memory` is that of the capture kernel."""
        data = {
            "schema": SCHEMA,
            "complete": not self.reason,
            "reason": self.reason,
            "time": self.time,
            "seconds": round(seconds, 3),
            "host": self.plan.host,
            "machine_id": self.plan.machine_id,
            "kernel": self.plan.kernel,
            "test_id": self.plan.test_id,
            "target": self.target,
            "failed_before": list(self.before),
            "core_collector": self.plan.core_collector,
            **self.facts,
            "capture_memory": dict(memory),
            "files": self.files,
        }
        return json.dumps(data, indent=1).encode() + b"\n"
