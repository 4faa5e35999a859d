"""Runs the checks of one peer and prints the closing line that the test command counts."""

import inspect
import sys
import time
import traceback


def run(name, checks):
    """Runs every check; ends the program with 1 when one failed."""
    passed, failed = 0, 0
    for check in checks:
        sentence = check.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            result = check()
            if inspect.isawaitable(result):
                import asyncio

                asyncio.run(_wait(result))
            passed += 1
            print(f"ok      {sentence} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {sentence}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{name}: {passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


async def _wait(awaitable):
    return await awaitable


def equal(found, expected, what="value"):
    """Fails with both values when they differ."""
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"
