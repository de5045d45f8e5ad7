"""Dependencies point one way: fails on an #include that points back.

base <- net, mime, wire <- store <- policy <- daemons and tools.  net, mime and
wire do not know each other, no daemon another one, and of policy the others see
only its client (mailadm also what makes a first directory, who is who, and signed heads).  lmdb.h belongs to store, cmocka to *_test.c.
"""

import os
import re

import source

BELOW_STORE = ("base", "net", "mime", "wire")
PROGRAMS = ("smtpd", "pop3d", "imapd", "fetchd", "tools")
MAY_USE = {
    "base": (),
    "net": ("base",),
    "mime": ("base",),
    "wire": ("base",),
    "store": BELOW_STORE,
    "policy": BELOW_STORE + ("store",),
    **{program: BELOW_STORE + ("store",) for program in PROGRAMS},
    "tests": tuple(room for room in source.ROOMS if room != "tests"),
}
POLICY_FOR_OTHERS = ("policy/client.h", "policy/relay_client.h", "policy/protocol.h")
POLICY_FOR_TOOLS = ("policy/bootstrap.h", "policy/head_sign.h", "policy/addressees.h")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]*)"|<([^>\n]*)>)', re.M)


def fault_of_own(path, header):
    """What is wrong with a quoted include, or None."""
    room = path.split(os.sep)[0]
    target = header.split("/")[0]
    if target not in source.ROOMS or "/" not in header or ".." in header:
        return "is not written from the root"
    if header == "base/check.h" and not path.endswith(("_test.c", "_testing.c")):
        return "is for *_test.c and *_testing.c only"
    if target == room or target in MAY_USE[room]:
        return None
    if room in PROGRAMS and header in POLICY_FOR_OTHERS:
        return None
    if room == "tools" and header in POLICY_FOR_TOOLS:
        return None
    return f"points from {room} back to {target}"


def fault_of_system(path, header):
    if header == "lmdb.h" and path.split(os.sep)[0] != "store":
        return "belongs to store"
    if header == "cmocka.h" and path != os.path.join("base", "check.h"):
        return "comes through base/check.h"
    return None


def check(root):
    for path in source.c_files(root):
        text = source.without_comments(source.read(root, path))
        for m in INCLUDE.finditer(text):
            header = m[1] or m[2] or ""
            fault = fault_of_own(path, header) if m[1] is not None \
                else fault_of_system(path, header)
            if fault:
                yield f"{path}:{source.line_of(text, m.start())}: {header} {fault}"


if __name__ == "__main__":
    source.finish(list(check(source.root_argument())))
