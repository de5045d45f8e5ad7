// Before every script: names for the account, and small promises over the client's listeners.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const account = MailServices.accounts.getAccount("account1");
const server = account.incomingServer;
const identity = account.defaultIdentity;
const root = server.rootFolder;
const mainWindow = () => Services.wm.getMostRecentWindow("mail:3pane");
const msgWindow = () => mainWindow()?.msgWindow ?? null;
const sleep = ms => new Promise(done => setTimeout(done, ms));
const hex = status => "0x" + (status >>> 0).toString(16);
const imap = folder => folder.QueryInterface(Ci.nsIMsgImapMailFolder);

async function until(what, test, ms) {
  const end = Date.now() + ms;
  for (;;) {
    const value = test();
    if (value) return value;
    if (Date.now() > end) throw new Error("timed out waiting for " + what);
    await sleep(25);
  }
}

// start(listener) begins an operation that ends with nsIUrlListener.OnStopRunningUrl
function url(what, start) {
  return new Promise((done, fail) => {
    start({
      QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
      OnStartRunningUrl() {},
      OnStopRunningUrl(uri, status) {
        if (Components.isSuccessCode(status)) done();
        else fail(new Error(what + " failed, status " + hex(status)));
      },
    });
  });
}

// start(listener) begins an operation that ends with nsIMsgCopyServiceListener.onStopCopy
function copy(what, start) {
  return new Promise((done, fail) => {
    start({
      QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
      onStartCopy() {},
      onProgress() {},
      setMessageKey() {},
      getMessageId() { return null; },
      onStopCopy(status) {
        if (Components.isSuccessCode(status)) done();
        else fail(new Error(what + " failed, status " + hex(status)));
      },
    });
  });
}

// names = [as given, as modified UTF-7]: which of them the folder keeps depends on UTF8=ACCEPT
function folderOf(names) {
  const wanted = names.map(n => n.toUpperCase() == "INBOX" ? "INBOX" : n);
  const found = root.descendants.find(f => wanted.includes(imap(f).onlineName));
  if (!found) throw new Error("no folder " + names[0]);
  return found;
}

function headers(folder) { return [...folder.msgDatabase.enumerateMessages()]; }

function headerOf(folder, subject) {
  const found = headers(folder).filter(h => h.mime2DecodedSubject == subject);
  if (!found.length) throw new Error("no message '" + subject + "' in " + folder.name);
  return found[found.length - 1];
}

// Bring the folder up to date. A folder that is busy with an update of its own (as after a move
// into it) drops the request together with its listener, so ask again until one is answered.
async function sync(folder) {
  const asked = [];
  for (let patience = 300; ; patience = Math.min(2 * patience, 5000)) {
    asked.push(url("update of " + folder.name, listener =>
      imap(folder).updateFolderWithListener(msgWindow(), listener)).then(() => true));
    if (await Promise.race([...asked, sleep(patience)])) return;
  }
}

function row(h) {
  return { subject: h.mime2DecodedSubject, author: h.mime2DecodedAuthor, read: h.isRead,
           flagged: h.isFlagged, uid: h.messageKey, size: h.messageSize,
           tags: h.getStringProperty("keywords"), deleted: !!(h.flags & 0x00200000) };
}
