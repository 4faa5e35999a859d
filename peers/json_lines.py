"""A program that is spoken to in lines of JSON: what we ask is matched with its answer, and what it asks is answered."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time

LONGEST_S = 90


class Program:
    """A program in the background. A subclass knows how its protocol tells questions, answers and news apart."""

    def __init__(self, command, home, environment):
        self.command, self.home, self.environment = command, home, environment
        self.last_id = 0

    def start(self):
        self.heard = queue.Queue()
        self.errors = open(os.path.join(self.home, "errors.log"), "a+")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        # In a session of its own, so that whatever it starts can be ended with it.
        self.process = subprocess.Popen(
            self.command, **pipes, text=True, cwd=self.home, env=self.environment, start_new_session=True
        )
        threading.Thread(target=self._listen, args=(self.process.stdout, self.heard), daemon=True).start()

    def stop(self):
        """The end of its input is the end of its work."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        # Whatever it started, and itself if it takes its time.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.errors.close()

    def _listen(self, lines, heard):
        for line in lines:
            if line.startswith("{"):
                heard.put(json.loads(line))
        heard.put(None)

    def say(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def next_id(self):
        self.last_id += 1
        return f"peer-{self.last_id}"

    def hear(self, is_it, what):
        """The first message that is it; what comes before it goes to `answer`."""
        deadline = time.monotonic() + LONGEST_S
        while True:
            try:
                message = self.heard.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {what} within {LONGEST_S} s\n{self.complaints()}") from None
            assert message is not None, f"it ended before {what}\n{self.complaints()}"
            if is_it(message):
                return message
            self.answer(message)

    def answer(self, message):
        """What a subclass says to a message that nobody waits for."""

    def complaints(self):
        """The end of what it wrote to standard error."""
        self.errors.seek(0)
        return self.errors.read()[-3000:]


def until(is_so, what):
    """Waits for what the program does not tell by itself."""
    deadline = time.monotonic() + LONGEST_S
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"{what}: not within {LONGEST_S} s"
        time.sleep(0.1)
    return found
