"""Processes of the program that start in a moment: forks of one that has loaded it already.

To load the server takes longer than most tests of it. What comes after is what the command does: its arguments, its
environment, its output and its signals are its own. That the command itself starts is tested in `tests/cli`.
"""

import atexit
import contextlib
import functools
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback

_LOADED = ("passerby.serving", "passerby.cli.people", "passerby.maintenance.control")


class Process:
    """A fork that runs `passerby ARGUMENTS`, with as much of `subprocess.Popen` as tests of servers need."""

    def __init__(self, arguments, stderr, environment):
        read_out, write_out = os.pipe()
        self._news, write_news = os.pipe()
        request = json.dumps({"arguments": arguments, "environment": environment}).encode()
        try:
            socket.send_fds(_mother(), [request], [write_out, stderr.fileno(), write_news])
        finally:
            os.close(write_out)
            os.close(write_news)
        self.stdout = open(read_out, encoding="utf-8")  # noqa: SIM115, PTH123  # a pipe, closed by whoever waits
        self.returncode = None
        self.pid = _number(self._news)

    def poll(self):
        """Its exit status, None while it runs; negative: the signal that ended it."""
        if self.returncode is None and select.select([self._news], [], [], 0)[0]:
            self._ended()
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is None:
            if not select.select([self._news], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(["passerby"], timeout)
            self._ended()
        return self.returncode

    def _ended(self):
        self.returncode = _number(self._news)
        os.close(self._news)

    def terminate(self):
        self._signal(signal.SIGTERM)

    def kill(self):
        self._signal(signal.SIGKILL)

    def _signal(self, number):
        # It is not waited for by its mother before its status is on the way, so the number is still its own.
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _number(pipe):
    """The next line."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(pipe, 1)
        if not byte:
            raise AssertionError("the mother of all servers has died")
        line += byte
    return int(line)


@functools.cache
def _mother():
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen([sys.executable, "-m", __name__], stdin=its)
    its.close()

    def end():
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _become(request, descriptors):
    """In a fork: what was asked for."""
    out, err, news = descriptors
    os.dup2(out, 1)
    os.dup2(err, 2)
    with open(os.devnull) as nothing:  # noqa: PTH123  # its number is wanted
        os.dup2(nothing.fileno(), 0)
    for number in (out, err, news):
        os.close(number)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["passerby", *request["arguments"]]


def _wait_for_a_request():
    """Fork for every request, tell how each fork ended. Returns in forks only, and when nobody asks any more."""
    asked = socket.socket(fileno=0)
    running = {}
    while True:
        for one in select.select([asked, *running], [], [])[0]:
            if one is not asked:
                pid, news = running.pop(one)
                _, status = os.waitpid(pid, 0)
                os.write(news, f"{os.waitstatus_to_exitcode(status)}\n".encode())
                os.close(news)
                os.close(one)
                continue
            data, descriptors, _, _ = socket.recv_fds(asked, 1 << 18, 3)
            if not data:
                return False
            pid = os.fork()
            if pid == 0:
                asked.detach()
                for watched, (_, news) in running.items():
                    os.close(watched)
                    os.close(news)
                _become(json.loads(data), descriptors)
                return True
            out, err, news = descriptors
            os.close(out)
            os.close(err)
            os.write(news, f"{pid}\n".encode())
            running[os.pidfd_open(pid)] = (pid, news)


def _run(main):
    """Ends without taking down every module, one by one: what had to be closed is closed by then."""
    status = 1
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # as the interpreter would
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for name in _LOADED:
        importlib.import_module(name)
    if _wait_for_a_request():
        _run(importlib.import_module("passerby.cli").main)
