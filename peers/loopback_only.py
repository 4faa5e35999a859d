"""A room without a way out, for programs that would call home: a network in which nothing but loopback exists.

Whatever starts in it cannot send a single packet to anywhere else, so the demo that it talks to is started in it too.
"""

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile

import tally

HERE = os.path.dirname(os.path.abspath(__file__))
GATEPOST = os.environ.get("GATEPOST", os.path.join(HERE, "../target/debug/gatepost"))
# As root, and as anybody else where the system lets everybody make such rooms.
WAYS_IN = (["unshare", "--net", "--mount"], ["unshare", "--user", "--map-root-user", "--net", "--mount"])
# Tells the second start that it is one, and which namespaces it must have left.
OUTSIDE = "GATEPOST_PEER_CAME_FROM"
# Nothing listens there: what obeys a proxy fails at once, and asks for no name.
CLOSED = "http://127.0.0.1:9"


def run(name, cases):
    """Runs each case, an agent and its checks, with a demo and a home of its own, all of it inside.

    Where this machine makes no such room, every check is told as skipped, and nothing is started.
    """
    every = [(title, check) for title, (_, checks) in cases.items() for check in checks]
    why_not = enter()
    if why_not:
        tally.skip(name, [_sentence(title, check) for title, check in every], why_not)
    counted = tally.Count(name)
    for title, (make, checks) in cases.items():
        with demo() as told, tempfile.TemporaryDirectory() as home:
            agent = make(told, home)
            try:
                agent.start()
                for check in checks:
                    counted.check(_sentence(title, check), lambda: check(told, agent))
            finally:
                agent.stop()
    counted.close()


def _sentence(title, check):
    return f"{title} {check.__name__}".replace("_", " ").strip()


def holds(pid):
    """Whether a process is in the room with us, and the room has no way out."""
    tally.equal(os.readlink(f"/proc/{pid}/ns/net"), os.readlink("/proc/self/ns/net"), "its network")
    tally.equal([name for _, name in socket.if_nameindex()], ["lo"], "interfaces")
    with open("/proc/net/route") as routes:
        tally.equal(len(routes.readlines()), 1, "lines of the table of routes, the heading among them")


def enter():
    """Goes on inside, or returns why that cannot be."""
    if OUTSIDE in os.environ:
        try:
            _close_the_doors(os.environ[OUTSIDE])
            return None
        except (OSError, subprocess.CalledProcessError, AssertionError) as why:
            return f"the network around it could not be closed off: {why}"
    refused = []
    for way in WAYS_IN:
        tried = subprocess.run([*way, "true"], capture_output=True, text=True)
        if tried.returncode == 0:
            os.environ[OUTSIDE] = _namespaces()
            os.execvp(way[0], [*way, sys.executable, *sys.argv])
        refused.append(f"`{' '.join(way)}`: {tried.stderr.strip()}")
    return f"this machine makes no network of loopback alone ({'; '.join(refused)})"


def _namespaces():
    return " ".join(os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt"))


def _close_the_doors(came_from):
    assert not set(came_from.split()) & set(_namespaces().split()), "it is not in namespaces of its own"
    # Name services and keyrings are asked by sockets below /run, and their programs are outside.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True, capture_output=True)
    _start_loopback()
    holds(os.getpid())


def _start_loopback():
    get_flags, set_flags, is_up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        name, flags = struct.unpack("16sH", fcntl.ioctl(door, get_flags, struct.pack("16sH14x", b"lo", 0))[:18])
        fcntl.ioctl(door, set_flags, struct.pack("16sH14x", name, flags | is_up))


def surroundings(home, **more):
    """The environment of a program in the room: a home of its own, and nothing of what this one was given."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    proxies = {name: CLOSED for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")}
    direct = {name: "127.0.0.1,localhost" for name in ("NO_PROXY", "no_proxy")}
    folders = {f"XDG_{kind}_HOME": os.path.join(home, kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    return {**kept, **proxies, **direct, **folders, "HOME": home, "TMPDIR": home, **more}


@contextlib.contextmanager
def demo():
    """A demo in the room; its line of JSON as a dict. What it logged is told at its end."""
    with tempfile.TemporaryDirectory() as home, open(os.path.join(home, "demo.log"), "w+") as log:
        command = [GATEPOST, "demo", "--json", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=surroundings(home))
        try:
            line = program.stdout.readline()
            assert line, "the demo did not start"
            yield json.loads(line)
        finally:
            program.send_signal(signal.SIGINT)
            try:
                ended = program.wait(timeout=15)
            except subprocess.TimeoutExpired:
                program.kill()
                raise
            finally:
                log.seek(0)
                print(log.read()[-4000:], end="")
        tally.equal(ended, 0, "how the demo ended")
