// Compose a message and hand it over: arguments to, subject, body, cc, files.
const [to, subject, body, cc, files] = args;
const fields = Cc["@mozilla.org/messengercompose/composefields;1"]
  .createInstance(Ci.nsIMsgCompFields);
fields.from = MailServices.headerParser.makeMimeAddress(
  identity.fullName, identity.email);
fields.to = to;
fields.cc = cc;
fields.subject = subject;
fields.forcePlainText = true;
fields.useMultipartAlternative = false;
for (const path of files) {
  const attachment = Cc["@mozilla.org/messengercompose/attachment;1"]
    .createInstance(Ci.nsIMsgAttachment);
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  attachment.url = Services.io.newFileURI(file).spec;
  attachment.name = file.leafName;
  fields.addAttachment(attachment);
}
const copies = !!identity.doFcc;
const result = { message_id: null, copied: false };
await new Promise((done, fail) => {
  const send = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
  const listener = {
    QueryInterface: ChromeUtils.generateQI(
      ["nsIMsgSendListener", "nsIMsgCopyServiceListener"]),
    onStartSending() {},
    onSendProgress() {},
    onSendNotPerformed() { fail(new Error("sending was not performed")); },
    onGetDraftFolderURI() {},
    onStatus() {},
    onProgress() {},
    onTransportSecurityError(id, status) {
      fail(new Error("SMTP security error, status " + hex(status)));
    },
    onStopSending(id, status, message) {
      if (!Components.isSuccessCode(status)) {
        fail(new Error("sending failed, status " + hex(status) + " " +
                       (message ?? "")));
      } else {
        result.message_id = id;
        if (!copies) done();
      }
    },
    onStartCopy() {},
    setMessageKey() {},
    getMessageId() { return null; },
    onStopCopy(status) {
      if (Components.isSuccessCode(status)) { result.copied = true; done(); }
      else fail(new Error("copy to the sent folder failed, status " + hex(status)));
    },
  };
  send.createAndSendMessage(null, identity, account.key, fields, false, false,
    Ci.nsIMsgSend.nsMsgDeliverNow, null, "text/plain", body, mainWindow(), null,
    listener, "", "", Ci.nsIMsgCompType.New)?.catch?.(fail);
});
return result;
