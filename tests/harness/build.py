"""Builds of the programs that some tests need beside the one under test."""

import os
import subprocess

from .instance import CHECKOUT

PROGRAMS = ("stored", "policyd", "digest", "smtpd", "relayd", "fetchd", "imapd", "pop3d",
            "mailadm")


def build_caged():
    """Programs without sanitizers, which have cages, and can be told to try them (net/probe.h).

    Gives the directory they are in.  ./runtests has built them there before.
    """
    folder = os.path.join(CHECKOUT, "build-probe")
    for command in (["cmake", "-S", CHECKOUT, "-B", folder, "-G", "Ninja", "-DPROBE=ON",
                     "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DCMAKE_C_COMPILER_LAUNCHER=ccache"],
                    ["ninja", "-C", folder, *PROGRAMS]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-4000:]
    return os.path.join(folder, "bin")
