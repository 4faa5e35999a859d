"""Runs the checks of one peer and prints the closing line that the test command counts."""

import inspect
import sys
import time
import traceback


def run(name, checks):
    """Runs every check; ends the program with 1 when one failed."""
    counted = Count(name)
    for check in checks:
        counted.check(check.__name__.replace("_", " "), check)
    counted.close()


class Count:
    """The checks of one peer, counted as they run."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def check(self, sentence, check):
        """Runs one check and tells how it went."""
        began = time.monotonic()
        try:
            result = check()
            if inspect.isawaitable(result):
                import asyncio

                asyncio.run(_wait(result))
            self.passed += 1
            print(f"ok      {sentence} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:
            self.failed += 1
            print(f"FAILED  {sentence}", flush=True)
            traceback.print_exc(file=sys.stdout)

    def close(self):
        """Prints the closing line and ends the program, with 1 when a check failed or none ran."""
        print(f"{self.name}: {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def skip(name, sentences, why):
    """Tells every check as skipped, with the reason, and ends the program: nothing ran, and nothing failed."""
    for sentence in sentences:
        print(f"skipped {sentence}")
    print(f"skipped because {why}")
    print(f"{name}: 0 passed, 0 failed, {len(sentences)} skipped", flush=True)
    sys.exit(0)


async def _wait(awaitable):
    return await awaitable


def equal(found, expected, what="value"):
    """Fails with both values when they differ."""
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"
