"""Without a log, the crashed task's stack says what kind of fault it was, and where."""

from __future__ import annotations

from kdive.diagnosis.classes import crash_class
from kdive.diagnosis.guilty import guilty_frame
from kdive.diagnosis.rule import rule
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import GUESS, Evidence, Finding

_TELLS = (
    ("sysrq_handle_crash", "sysrq"),
    ("out_of_memory", "oom-panic"),
    ("watchdog_timer_fn", "soft-lockup"),
    ("check_hung_uninterruptible_tasks", "hung-task"),
    ("__stack_chk_fail", "stack-protector"),
    ("exc_divide_error", "divide-error"),
    ("do_divide_error", "divide-error"),
    ("exc_general_protection", "gpf"),
    ("do_general_protection", "gpf"),
    ("exc_page_fault", "page-fault"),
    ("page_fault_oops", "page-fault"),
    ("exc_invalid_op", "kernel-bug"),
    ("do_invalid_op", "kernel-bug"),
    ("panic", "panic-other"),
)


@rule
def check(stacks: Stacks) -> Finding | None:
    crashed = stacks.crashed
    if crashed is None or not crashed.frames:
        return None
    functions = {frame.function: index for index, frame in reversed(list(enumerate(crashed.frames)))}
    tell, class_id = next(((name, id_) for name, id_ in _TELLS if name in functions), ("", "other"))
    class_ = crash_class(class_id)
    guilty = guilty_frame(crashed.frames, class_.helpers) if class_.guilty == "frame" else None
    frame = guilty.frame if guilty else None
    where = "" if frame is None else f"in {frame.function}" + (f" [{frame.module}]" if frame.module else "")
    evidence = [Evidence(f"stack:crashed#{functions[tell]}", tell, "frame")] if tell else []
    if guilty is not None:
        evidence.append(Evidence(f"stack:crashed#{guilty.index}", guilty.frame.function, "frame"))
    return Finding(
        class_=class_.id,
        title=class_.title_at(where),
        confidence=GUESS,
        evidence=tuple(evidence),
        function=frame.function if frame else None,
        module=frame.module or None if frame else None,
        explanation=class_.meaning,
        next_steps=class_.steps,
        doubts=("the log could not be read: this is told by the crashed task's stack alone",),
        skipped=guilty.skipped if guilty else (),
    )
