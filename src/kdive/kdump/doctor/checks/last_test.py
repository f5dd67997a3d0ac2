"""A crash was tried on this machine, with the kernel that runs now, and left its dump.

All other checks look at parts. That the parts work together, drivers, firmware and target included, shows in a crash
alone; better in one on purpose than in the first real one.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.crash_test import FILE, read_test
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host

_OLD_S = 365 * 86400
_TEST = "kdive test, at a time when the machine may be down for some minutes"


@check(Stage.PROOF, needs=("image-loaded",))
def look(host: Host) -> Outcome:
    test = read_test(host.root)
    if isinstance(test, Missing) and host.hidden(str(FILE)):
        return skip(f"root alone can read /{FILE}")
    if isinstance(test, Missing) and host.partial:
        return skip("results of tests are not saved in a sosreport")
    if isinstance(test, Missing):
        return warn(test.reason, fix=_TEST)
    evidence = f"/{FILE}: {test.id}, {test.kernel}, {test.state}"
    if test.state == "failed":
        return fail(f"the last test failed: {test.reason}", evidence, fix="find out why: kdive doctor; then kdive test")
    if test.state == "pending":
        return warn(
            "the last test has no result yet: the machine did not crash, or its dump was not looked for",
            evidence,
            fix="kdive after looks for it",
        )
    if isinstance(host.release, str) and test.kernel != host.release:
        return warn(f"the last test was with another kernel ({test.kernel})", evidence, fix=_TEST)
    if host.now - test.started > _OLD_S:
        return warn("the last test is more than a year old", evidence, fix=_TEST)
    return ok(f"the last test passed: {test.dump}", evidence)
