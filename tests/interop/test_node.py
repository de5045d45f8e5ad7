"""Programs on Node: nodemailer writes, imapflow reads."""

import json
import os
import shutil

import pytest

from programs import HERE, Mailbox, run

HAS_MODULES = shutil.which("node") is not None and all(
    os.path.isdir(os.path.join(HERE, "node_modules", name)) for name in ("imapflow", "nodemailer"))


@pytest.mark.skipif(not HAS_MODULES, reason="skipped: no node, or npm install was not run")
def test_nodemailer_and_imapflow(make_instance):
    instance = make_instance()
    people = {name: Mailbox(instance, name) for name in ("li", "wang")}
    given = {**people["li"].ports, "ca": people["li"].ca,
             "people": {name: (who.login, who.password) for name, who in people.items()}}
    seen = json.loads(run(["node", os.path.join(HERE, "node_day.js"), json.dumps(given)],
                          cwd=HERE).decode("utf-8"))
    assert seen.pop("messageId").startswith("<")
    status = seen.pop("status")
    assert (status["messages"], status["unseen"]) == (10, 10)
    assert seen == {
        "verified": True, "accepted": ["wang@acme.test"], "pooled": 15,
        "half": [["wang@acme.test"], ["nobody.here@acme.test"], 550],
        "wrong": "EAUTH 535",
        "uses": {"INBOX": "\\Inbox", "Drafts": "\\Drafts", "Sent Items": "\\Sent",
                 "Deleted Items": "\\Trash", "Junk E-mail": "\\Junk"},
        "found": 1, "envelope": ["报价单 第一", "李四", True], "filename": "报价.bin",
        "attachment": True, "text": "正文\n.\n..\n", "flagged": True, "moved": 15,
        "copied": ["$Ordered", "\\Flagged"], "subjects": 16, "deleted": True, "idle": 1,
    }
