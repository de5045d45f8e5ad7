"""Drive a real Thunderbird against Tradepost.

The client is the packaged Thunderbird itself: a fresh profile on disk, its own IMAP and SMTP
code, its own IDLE connection, its own copy in "Sent". Nothing is faked; this module only
presses the buttons, through Marionette (the remote protocol built into Thunderbird), in the
"chrome" context where Thunderbird's own JavaScript interfaces are at hand.

    with Thunderbird(user="li@acme.test", password="secret", imap_port=10993, smtp_port=10587,
                     smtp_tls="starttls", ca="ca.pem") as tb:
        tb.send("zhang@acme.test", "hello", "body text")
        tb.wait_for_message("reply", timeout=30)     # by IDLE only: the client asks for nothing
        print(tb.read("INBOX", "reply"))

A call that the client cannot carry out raises ThunderbirdError; its text carries the
server errors and ALERTs and the dialogs that Thunderbird wanted to show meanwhile. Those are
recorded and answered (cancelled) at once, so that no test hangs behind a dialog nobody sees;
alerts() returns what was recorded.

Worth knowing:
  - Thunderbird sends IDLE only about 2 s after a connection's last command: see settle().
  - It opens up to 5 IMAP connections and keeps them; a folder's flags seen on one may lag behind
    what another one did until messages(folder) is asked.
  - A connection that the server cuts is not reopened until the client wants something: after
    restarting a server call messages("INBOX") first, then wait_for_message() works again.
  - A new folder made by somebody else shows only after discover().
  - After a refused password Thunderbird tries the other ways (AUTHENTICATE PLAIN, AUTHENTICATE
    LOGIN, LOGIN), so the server's own delay for failures is waited for three times.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from marionette import Marionette, ThunderbirdError
from thunderbird_profile import (ANNOUNCED_FLAGS, FOLDER_FLAGS, QUIET_PREFS, account_prefs,
                                 pem_to_base64, utf7_decode, utf7_encode)

HERE = Path(__file__).parent
PRELUDE = (HERE / "thunderbird_prelude.js").read_text()
PREPARE = (HERE / "thunderbird_prepare.js").read_text()
SEND = (HERE / "thunderbird_send.js").read_text()
MAIN_WINDOW = "Services.wm.getMostRecentWindow('mail:3pane')"


class Thunderbird:
    """One Thunderbird with one IMAP account and one SMTP server.

    user, password    the login, for IMAP and (with smtp_auth) for SMTP
    email             the sender's address; default user@localhost
    host              where both servers listen; must be named in the server's certificate
    imap_port, imap_tls     "tls" (implicit), "starttls" or "plain"
    smtp_port, smtp_tls     likewise; smtp_port None: an account that cannot send
    smtp_auth         log in to the SMTP server; False for a server that offers no AUTH
    ca                PEM file of the CA that signed the server's certificate
    sent              the folder for sent copies; None leaves the choice to Thunderbird, which
                      files them on this machine if the server announces no \\Sent folder
    profile           a directory to keep the profile in; None: a temporary one, removed by quit().
                      A directory that holds a profile already is used as it is, so a second
                      object on the same directory is the same client started again.
    prefs             more preferences, or other values: {"mail.server.server1.use_idle": False}
    autosync          let Thunderbird download whole messages in the background, as it does by
                      default; off here, so that tests see only traffic that they caused
    imap_log          a file for Thunderbird's own log of its IMAP traffic (".moz_log" is added)
    binary            the program; default $THUNDERBIRD, then the one on $PATH
    """

    def __init__(self, *, user, password, email=None, host="127.0.0.1", imap_port,
                 imap_tls="tls", smtp_port=None, smtp_tls="plain", smtp_auth=True, ca=None,
                 sent="Sent", profile=None, prefs=None, autosync=False, imap_log=None, binary=None, start_timeout=90):
        self.user, self.password, self.host = user, password, host
        self.email = email or (user if "@" in user else f"{user}@localhost")
        self.imap_port, self.imap_tls = imap_port, imap_tls
        self.smtp_port, self.smtp_tls, self.smtp_auth = smtp_port, smtp_tls, smtp_auth
        self.ca, self.sent = ca, sent
        self.prefs, self.autosync = dict(prefs or {}), autosync
        self.imap_log, self.start_timeout = imap_log, start_timeout
        self.binary = binary or os.environ.get("THUNDERBIRD") or shutil.which("thunderbird")
        if not self.binary:
            raise ThunderbirdError("no thunderbird on $PATH")
        self.scratch = None
        if profile is None:
            self.scratch = Path(tempfile.mkdtemp(prefix="thunderbird-"))
            profile = self.scratch / "profile"
        self.profile = Path(profile)
        self.home = self.scratch or self.profile
        self.process = self.marionette = None
        self.start_seconds = None
        self.scripts = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.quit()

    # -- starting and stopping --

    def start(self, login=True):
        """Start the client and, unless login=False, log in: discover the folders, open INBOX and
        leave a connection idling on it. Returns self."""
        began = time.monotonic()
        atexit.register(self.quit)
        try:
            self._write_profile()
            environment = self._environment()
            (self.profile / "MarionetteActivePort").unlink(missing_ok=True)
            self.output = open(self.home / "output.log", "ab")
            command = [self.binary, "--no-remote", "--new-instance", "--profile",
                       str(self.profile), "--marionette", "--remote-allow-system-access",
                       "--headless"]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output,
                                            stderr=self.output, env=environment,
                                            start_new_session=True)
            self._connect(began + self.start_timeout)
            self._prepare()
            if login:
                self.login()
        except BaseException:
            self.quit()
            raise
        self.start_seconds = time.monotonic() - began
        return self

    def quit(self, timeout=20):
        """Close the client as a user does (LOGOUT, then exit); kill it if it does not go. Always
        leaves no process and, for a temporary profile, no file behind. Returns True if it went
        by itself."""
        by_itself = False
        atexit.unregister(self.quit)
        if self.marionette:
            try:
                self.marionette.call("Marionette:Quit", {"flags": ["eAttemptQuit"]}, timeout)
            except (ThunderbirdError, OSError):
                pass
            self.marionette.close()
            self.marionette = None
        if self.process:
            by_itself = self._wait_gone(timeout)
            if not by_itself:
                for number in (signal.SIGTERM, signal.SIGKILL):
                    try:
                        os.killpg(self.process.pid, number)
                    except ProcessLookupError:
                        break
                    if self._wait_gone(3):
                        break
            self.process = None
            self.output.close()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)
        return by_itself

    def _wait_gone(self, seconds):
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def _environment(self):
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("MOZ_", "XDG_", "DBUS_", "WAYLAND_"))
                       and k not in ("DISPLAY", "SESSION_MANAGER", "http_proxy", "https_proxy")}
        environment.update(
            HOME=str(self.home), TMPDIR=str(self._subdirectory("tmp")),
            XDG_RUNTIME_DIR=str(self._subdirectory("run")), NO_AT_BRIDGE="1", GTK_A11Y="none",
            DBUS_SESSION_BUS_ADDRESS="disabled:", MOZ_CRASHREPORTER_DISABLE="1",
            LANG="C.UTF-8", LC_ALL="C.UTF-8", MOZ_HEADLESS="1")
        if self.imap_log:
            environment["MOZ_LOG"] = "timestamp,IMAP:5"
            environment["MOZ_LOG_FILE"] = str(self.imap_log)
        return environment

    def _subdirectory(self, name):
        path = self.home / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def _write_profile(self):
        self.profile.mkdir(parents=True, exist_ok=True)
        prefs = dict(QUIET_PREFS)
        prefs.update(account_prefs(self))
        prefs.update(self.prefs)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                 for name, value in sorted(prefs.items())]
        (self.profile / "user.js").write_text("".join(lines))

    def _connect(self, deadline):
        port_file = self.profile / "MarionetteActivePort"
        while True:
            if self.process.poll() is not None:
                raise ThunderbirdError("Thunderbird ended at once: " + self._last_output())
            try:
                port = int(port_file.read_text())
                self.marionette = Marionette(port)
                break
            except (OSError, ValueError):
                if time.monotonic() > deadline:
                    raise ThunderbirdError("no Marionette: " + self._last_output()) from None
                time.sleep(0.05)
        left = max(5, deadline - time.monotonic())
        self.marionette.call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {
            "unhandledPromptBehavior": "ignore"}}}, left)
        self.marionette.call("Marionette:SetContext", {"value": "chrome"})
        self.marionette.call("WebDriver:SetTimeouts", {"script": 24 * 3600 * 1000})

    def _last_output(self):
        try:
            return (self.home / "output.log").read_text(errors="replace")[-2000:]
        except OSError:
            return ""

    # -- scripts --

    def script(self, body, *arguments, timeout=60):
        """Run JavaScript, the body of an async function, inside Thunderbird with the prelude's names
        and the arguments as `args`; return its value.

        Marionette gives up on a script (answering null) as soon as a dialog opens, although the
        script goes on. So the script also leaves its answer at the main window, to be fetched."""
        self.scripts += 1
        source = ("const args = [...arguments]; const finish = args.pop();\n" + PRELUDE +
                  "const before = mainWindow()?.tradepostAlerts?.length ?? 0;\n"
                  "const answered = answer => {\n"
                  f"  (mainWindow().tradepostAnswers ??= {{}})[{self.scripts}] = answer;\n"
                  "  finish(answer); };\n"
                  "(async () => {\n" + body + "\n})().then(\n"
                  "  value => answered({ value: value === undefined ? null : value }),\n"
                  "  async error => {\n"
                  "    await sleep(300);    // an explaining dialog or alert comes a little later\n"
                  "    answered({ error: String(error), stack: String(error.stack),\n"
                  "               seen: mainWindow().tradepostAlerts?.slice(before) ?? [] }); });")
        end = time.monotonic() + timeout
        try:
            answer = self.marionette.call(
                "WebDriver:ExecuteAsyncScript",
                {"script": source, "args": list(arguments), "newSandbox": True}, timeout)["value"]
            while answer is None:
                time.sleep(0.1)
                answer = self._fetch_answer()
                if answer is None and time.monotonic() > end:
                    raise ThunderbirdError(f"no answer in {timeout} s")
        except ThunderbirdError as error:
            raise ThunderbirdError(f"{error}{self._trouble()}") from None
        if "error" in answer:
            raise ThunderbirdError(answer["error"] + self._told(answer["seen"]))
        return answer["value"]

    def _fetch_answer(self):
        try:
            return self._evaluate(f"{MAIN_WINDOW}.tradepostAnswers?.[{self.scripts}] ?? null")
        except ThunderbirdError as error:
            if "alert" in str(error):      # "unexpected alert open": the dialog is not gone yet
                return None
            raise

    def _evaluate(self, expression):
        return self.marionette.call("WebDriver:ExecuteScript",
                                    {"script": f"return {expression};", "args": []}, 10)["value"]

    def _trouble(self):
        try:
            seen = self._evaluate(f"({MAIN_WINDOW}.tradepostAlerts ?? []).slice(-5)")
        except (ThunderbirdError, OSError, AttributeError):
            return ""
        return self._told(seen or [])

    @staticmethod
    def _told(seen):
        return "".join(f"\n  client reported: {text}" for text in seen)

    def _prepare(self):
        """Certificates, password, and the recorder of errors and dialogs."""
        self.script("await until('main window', () => mainWindow()?.gTabmail?.currentAbout3Pane"
                    "?.folderTree, 60000)", timeout=70)
        self.script(PREPARE, {
            "cas": pem_to_base64(self.ca) if self.ca else [],
            "imapOrigin": f"imap://{self.host}",
            "smtpOrigin": f"smtp://{self.host}" if self.smtp_port and self.smtp_auth else None,
            "user": self.user,
            "password": self.password,
        })

    # -- what a test calls --

    def login(self, timeout=60):
        """Log in, discover the folders and open INBOX."""
        self.discover(timeout)
        self.script("await sync(folderOf(['INBOX', 'INBOX']));", timeout=timeout)

    def discover(self, timeout=60):
        """Ask the server for its folders again."""
        self.script("""
            await url("discovery of folders", listener =>
              MailServices.imap.discoverAllFolders(root, listener, msgWindow()));
            await until("INBOX", () => root.getFolderWithFlags(0x1000), 10000);
        """, timeout=timeout)

    def folders(self):
        """[{name, uses, announced, subscribed, delimiter, total, unread}] as the client knows
        them. `uses` are the roles that Thunderbird gives a folder ("inbox", "sent", "drafts",
        "trash", "junk", "archive", "templates", and "noselect"), by SPECIAL-USE, by name or by
        the account's settings; `announced` are those that came from the server's LIST ("all"
        among them). Totals are the client's own counts: right after a copy into a folder they
        can be ahead; messages(folder) settles them."""
        rows = self.script("""
            return root.descendants.map(f => ({ name: imap(f).onlineName, flags: f.flags >>> 0,
              box: imap(f).boxFlags >>> 0,
              delimiter: imap(f).hierarchyDelimiter,
              total: f.getTotalMessages(false), unread: f.getNumUnread(false) }));
        """)
        for row in rows:
            row["name"] = utf7_decode(row["name"])
            flags, box = row.pop("flags"), row.pop("box")
            row["uses"] = [use for use, bit in FOLDER_FLAGS.items() if flags & bit]
            row["announced"] = [use for use, bit in ANNOUNCED_FLAGS.items() if box & bit]
            row["subscribed"] = bool(box & 0x00040000)
        return rows

    def messages(self, folder="INBOX", update=True, timeout=60):
        """[{subject, author, read, flagged, uid, size, tags, deleted}] of a folder. With
        update=False only what the client knows already, without a word to the server."""
        return self.script("""
            const folder = folderOf(args[0]);
            if (args[1]) await sync(folder);
            return headers(folder).map(row);
        """, self._names(folder), update, timeout=timeout)

    def settle(self, seconds=3):
        """Give the client time to go idle: it sends IDLE only about 2 s after its last command on
        a connection. A test of push itself calls this first; otherwise the news may come with the
        answer to another command, or at the moment when IDLE begins."""
        time.sleep(seconds)

    def wait_for_message(self, subject, timeout=30, folder="INBOX"):
        """Wait until a message turns up in a folder that was opened before (INBOX is, after
        start()), and return its row. The client is asked only about its own knowledge, so the
        news must come from the server: by IDLE."""
        return self.script("""
            const folder = folderOf(args[0]);
            return row(await until("message '" + args[1] + "'", () =>
              headers(folder).find(h => h.mime2DecodedSubject == args[1]), args[2]));
        """, self._names(folder), subject, int(timeout * 1000), timeout=timeout + 10)

    def wait_for(self, subject, folder="INBOX", timeout=30, **wanted):
        """Likewise for a change, for instance wait_for("hello", read=True) or, for an expunged
        message, wait_for("hello", gone=True): something another client did, told by IDLE."""
        gone = wanted.pop("gone", False)
        return self.script("""
            const [names, subject, wanted, gone, ms] = args;
            const folder = folderOf(names);
            return await until(JSON.stringify(gone ? "gone" : wanted) + " of " + subject, () => {
              const found = headers(folder).find(h => h.mime2DecodedSubject == subject);
              if (gone) return !found;
              const now = found && row(found);
              return now && Object.keys(wanted).every(k => now[k] === wanted[k]) && now;
            }, ms);
        """, self._names(folder), subject, wanted, gone, int(timeout * 1000),
            timeout=timeout + 10)

    def read(self, folder, subject, timeout=30):
        """Open a message in the main window's message pane, as a click does, and return the text
        shown. Thunderbird marks it as read."""
        return self._show(folder, subject, timeout)["text"]

    def attachments(self, folder, subject, timeout=30):
        """Open a message likewise; [{name, size, type}] of the attachments listed under it."""
        return self._show(folder, subject, timeout)["attachments"]

    def _show(self, folder, subject, timeout):
        return self.script("""
            const [names, subject, ms] = args;
            const folder = folderOf(names);
            const header = headerOf(folder, subject);
            const uri = folder.getUriForMsg(header);
            const pane = mainWindow().gTabmail.tabInfo[0].chromeBrowser.contentWindow;
            pane.paneLayout.messagePaneVisible = true;
            pane.displayFolder(folder.URI);
            await until("folder view", () => pane.gFolder?.URI == folder.URI && pane.gDBView &&
              pane.gDBView.findIndexOfMsgHdr(header, true) != 0xffffffff, ms);
            pane.threadTree.selectedIndex = pane.gDBView.findIndexOfMsgHdr(header, true);
            const shown = pane.messageBrowser.contentWindow;
            await until("message display", () => shown.gMessageURI == uri && shown.msgLoaded, ms);
            const body = shown.getMessagePaneBrowser().contentDocument.body;
            // the parts of the text; what lies around them are headers for printing
            const parts = [...body.querySelectorAll(
              ".moz-text-plain, .moz-text-flowed, .moz-text-html")];
            const text = parts.length ? parts.map(part => part.innerText).join("\\n")
                                      : body.innerText;
            const attachments = (shown.currentAttachments ?? []).map(a =>
              ({ name: a.name, size: a.size, type: a.contentType }));
            return { text, attachments };
        """, self._names(folder), subject, int(timeout * 1000), timeout=timeout + 10)

    def source(self, folder, subject, timeout=30):
        """The whole message as the client gets it from the server, as latin-1 text."""
        return self.script("""
            const folder = folderOf(args[0]);
            const uri = folder.getUriForMsg(headerOf(folder, args[1]));
            const { NetUtil } =
              ChromeUtils.importESModule("resource://gre/modules/NetUtil.sys.mjs");
            return await new Promise((done, fail) => {
              let text = "";
              MailServices.messageServiceFromURI(uri).streamMessage(uri, {
                QueryInterface: ChromeUtils.generateQI(["nsIStreamListener"]),
                onStartRequest() {},
                onDataAvailable(request, stream, offset, count) {
                  text += NetUtil.readInputStreamToString(stream, count);
                },
                onStopRequest(request, status) {
                  Components.isSuccessCode(status) ? done(text)
                    : fail(new Error("reading failed, status " + hex(status)));
                },
              }, null, null, false, "", false);
            });
        """, self._names(folder), subject, timeout=timeout)

    def mark_read(self, folder, subject, read=True):
        """Set or clear the read mark; returns when the server has taken it."""
        self._mark("folder.markMessagesRead([header], args[2]);", folder, subject, read)

    def flag(self, folder, subject, flagged=True):
        """Set or clear the star; returns when the server has taken it."""
        self._mark("folder.markMessagesFlagged([header], args[2]);", folder, subject, flagged)

    def tag(self, folder, subject, keyword="$label1", on=True):
        """Set or clear a tag, a keyword on the server."""
        self._mark("args[2][1] ? folder.addKeywordsToMessages([header], args[2][0])"
                   " : folder.removeKeywordsFromMessages([header], args[2][0]);",
                   folder, subject, [keyword, on])

    def _mark(self, action, folder, subject, value):
        # The client sends STORE in the background; the update queues behind it, so its end says
        # that the STORE was answered.
        self.script("const folder = folderOf(args[0]); const header = headerOf(folder, args[1]);"
                    + action + "await sleep(200); await sync(folder);",
                    self._names(folder), subject, value)

    def move(self, subject, source, target, timeout=30):
        """Move a message to another folder."""
        self._copy(subject, source, target, True, timeout)

    def copy(self, subject, source, target, timeout=30):
        """Copy a message to another folder."""
        self._copy(subject, source, target, False, timeout)

    def _copy(self, subject, source, target, is_move, timeout):
        self.script("""
            const [from, to] = [folderOf(args[0]), folderOf(args[1])];
            const header = headerOf(from, args[2]);
            await copy("copying", listener => MailServices.copy.copyMessages(
              from, [header], to, args[3], listener, msgWindow(), false));
            await sync(to);
        """, self._names(source), self._names(target), subject, is_move, timeout=timeout)

    def delete(self, folder, subject, permanently=False, timeout=30):
        """Delete a message: into the trash, as the Delete key does, or for good."""
        self.script("""
            const folder = folderOf(args[0]);
            const header = headerOf(folder, args[1]);
            await copy("deleting", listener => folder.deleteMessages(
              [header], msgWindow(), args[2], false, listener, false));
            if (args[2]) await until("deletion", () => !headers(folder).includes(header) ||
              (header.flags & 0x00200000), 10000);
        """, self._names(folder), subject, permanently, timeout=timeout)

    def expunge(self, folder, timeout=30):
        """File > Compact This Folder: EXPUNGE on the server."""
        self.script("const folder = folderOf(args[0]);"
                    "await url('expunge', listener =>"
                    "  imap(folder).expunge(listener, msgWindow()));",
                    self._names(folder), timeout=timeout)

    def create_folder(self, name, parent=None, timeout=30):
        """Make a folder (and subscribe to it, as Thunderbird does): at the top level of the
        account or under an existing folder, given by its full name. A separator in `name` is not
        looked at: one level a call."""
        self.script("""
            const parent = args[0] ? folderOf(args[0]) : root;
            await url("creating a folder", listener =>
              MailServices.imap.createFolder(parent, args[1], listener));
            await until("the folder", () => parent.subFolders.some(f => f.name == args[1]), 10000);
        """, self._names(parent) if parent else None, name, timeout=timeout)

    def search(self, text, folder="INBOX", where="body", timeout=30):
        """Search on the server (Thunderbird's "Run search on server"): the subjects found.
        where: "body", "subject", "from" or "all"."""
        return self.script("""
            const folder = folderOf(args[0]);
            const attribute = { body: "Body", subject: "Subject", from: "Sender" };
            const session = Cc["@mozilla.org/messenger/searchSession;1"]
              .createInstance(Ci.nsIMsgSearchSession);
            session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder);
            for (const key of args[2] == "all" ? Object.keys(attribute) : [args[2]]) {
              const term = session.createTerm();
              term.attrib = Ci.nsMsgSearchAttrib[attribute[key]];
              term.op = Ci.nsMsgSearchOp.Contains;
              term.booleanAnd = false;
              const value = term.value;
              value.attrib = term.attrib;
              value.str = args[1];
              term.value = value;
              session.appendTerm(term);
            }
            const found = [];
            await new Promise((done, fail) => {
              session.registerListener({
                QueryInterface: ChromeUtils.generateQI(["nsIMsgSearchNotify"]),
                onSearchHit(header) { found.push(header.mime2DecodedSubject); },
                onNewSearch() {},
                onSearchDone(status) {
                  Components.isSuccessCode(status) ? done()
                    : fail(new Error("search failed, status " + hex(status)));
                },
              });
              session.search(msgWindow());
            });
            return found;
        """, self._names(folder), text, where, timeout=timeout)

    def send(self, to, subject, body, cc="", attachments=(), timeout=60):
        """Send a message: Thunderbird composes it, hands it to the SMTP server and APPENDs the
        copy to the sent folder. Returns {message_id, sent_status, copied} when both are done;
        raises ThunderbirdError when either failed."""
        return self.script(SEND, to, subject, body, cc,
                           [str(Path(p).resolve()) for p in attachments], timeout=timeout)

    def send_from_window(self, to, subject, body, timeout=60):
        """The same through a real compose window and its Send button. Returns when the window
        has closed, which Thunderbird does after the copy is in the sent folder."""
        self.script("""
            const [to, subject, body, ms] = args;
            const params = Cc["@mozilla.org/messengercompose/composeparams;1"]
              .createInstance(Ci.nsIMsgComposeParams);
            const fields = Cc["@mozilla.org/messengercompose/composefields;1"]
              .createInstance(Ci.nsIMsgCompFields);
            fields.to = to;
            fields.subject = subject;
            fields.body = body;
            params.composeFields = fields;
            params.identity = identity;
            params.type = Ci.nsIMsgCompType.New;
            params.format = Ci.nsIMsgCompFormat.PlainText;
            MailServices.compose.OpenComposeWindowWithParams(null, params);
            const window = await until("compose window", () => {
              const w = Services.wm.getMostRecentWindow("msgcompose");
              return w?.composeEditorReady && w.gMsgCompose?.composeHTML === false && w;
            }, ms);
            await until("send button", () => !window.document
              .getElementById("button-send").disabled, ms);
            let status = 0;
            window.gMsgCompose.RegisterStateListener({
              NotifyComposeFieldsReady() {},
              NotifyComposeBodyReady() {},
              ComposeProcessDone(result) { status = result; },
              SaveInFolderDone() {},
            });
            window.goDoCommand("cmd_sendNow");
            try {
              await until("compose window to close", () =>
                window.closed || !Components.isSuccessCode(status), ms);
              if (!window.closed) throw new Error("sending failed, status " + hex(status));
            } finally {
              if (!window.closed) {
                await sleep(200);
                window.SetContentAndBodyAsUnmodified();
                window.close();
              }
            }
        """, to, subject, body, int(timeout * 1000), timeout=timeout + 10)

    def alerts(self, clear=True):
        """What the client wanted to tell its user since the last call: ALERTs and errors of the
        server, dialogs (all were dismissed)."""
        return self.script("""
            const seen = mainWindow().tradepostAlerts.slice();
            if (args[0]) mainWindow().tradepostAlerts.length = 0;
            return seen;
        """, clear)

    def version(self):
        """Thunderbird's version."""
        return self.script("return Services.appinfo.version")

    @staticmethod
    def _names(folder):
        return [folder, utf7_encode(folder)]
