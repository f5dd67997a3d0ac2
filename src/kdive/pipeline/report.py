"""The straight path: a dump, a log or stored facts in, a report out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kdive.errors import DumpError
from kdive.facts.crash import Facts
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame
from kdive.facts.verdict import Report
from kdive.pipeline.request import Progress, ReportRequest
from kdive.pipeline.unread import unread


def make_report(request: ReportRequest, progress: Progress) -> Report:
    """The report on `request`; `progress` is told what is being done.

    Raises KdiveError: DumpError for input that cannot be used, MismatchError for a wrong vmlinux.
    """
    from kdive.diagnosis.engine import diagnose

    facts = read_facts_of(request, progress)
    progress("weighing the evidence")
    diagnosis = diagnose(facts)
    stack, stack_source = _crashed_stack(facts)
    return Report(facts, diagnosis, stack, stack_source, missing=unread(facts))


def read_facts_of(request: ReportRequest, progress: Progress) -> Facts:
    """What there is to know about `request`, without a diagnosis. Raises as `make_report` does."""
    from kdive.pipeline.from_log import facts_of_log, facts_of_log_file

    if request.text is not None:
        return facts_of_log(request.path, request.text)
    if request.console:
        return facts_of_log_file(request.path)

    from kdive.dumpfile.recognise import recognise

    found = recognise(request.path)
    if found.kind == "log":
        return facts_of_log_file(found.path)
    if found.kind == "facts":
        from kdive.facts.codec import MAX_BYTES, read_facts

        return read_facts(_read(found.path, MAX_BYTES + 1), str(found.path))
    if found.kind == "dump":
        from kdive.pipeline.from_dump import facts_of_dump

        return facts_of_dump(replace(request, path=found.path), progress)
    raise DumpError(f"{request.path}: {found.what}", hint=found.hint)


def _read(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes)
    except OSError as error:
        raise DumpError(f"{path}: {error.strerror}", hint="check the name and the permissions") from error


def _crashed_stack(facts: Facts) -> tuple[tuple[Frame, ...], str]:
    """The crashed thread's frames, innermost first, and where they come from."""
    stacks = facts.stacks
    if not isinstance(stacks, Missing) and stacks.crashed and stacks.crashed.frames:
        return stacks.crashed.frames, "memory"
    chain = facts.panic_chain
    if isinstance(chain, Missing):
        return (), ""
    event = chain.first_fault or chain.last_oops or chain.panic
    if event is None:
        return (), ""
    frames = ((event.ip,) if event.ip else ()) + event.frames
    return frames, "log" if frames else ""
