// Once after the start: certificates, password, and the recorder of alerts and dialogs.
const setup = args[0];

const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
for (const ca of setup.cas) certificates.addCertFromBase64(ca, "CT,,");

for (const origin of [setup.imapOrigin, setup.smtpOrigin].filter(o => o)) {
  for (const old of await Services.logins.searchLoginsAsync({ origin, httpRealm: origin })) {
    if (Services.logins.removeLoginAsync) await Services.logins.removeLoginAsync(old);
    else Services.logins.removeLogin(old);      // older versions
  }
  const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
  login.init(origin, null, origin, setup.user, setup.password, "", "");
  await Services.logins.addLoginAsync(login);
}

// The recorder. Its arrays and observers hang off the main window, which outlives this script.
const win = mainWindow();
const alerts = win.tradepostAlerts = [];
win.tradepostFeedback = {
  QueryInterface: ChromeUtils.generateQI(["nsIMsgUserFeedbackListener"]),
  onAlert(message) { alerts.push("alert: " + message.trim()); return true; },
  onCertError(info, uri) {
    alerts.push("certificate refused: " + uri.spec + " " + (info?.errorCodeString ?? ""));
    return true;
  },
};
MailServices.mailSession.addUserFeedbackListener(win.tradepostFeedback);
win.tradepostDialogs = {
  observe(dialog) {
    const { args: shown, ui } = dialog.Dialog ?? {};
    alerts.push("dialog: " + [shown?.title, shown?.text].filter(t => t).join(": "));
    setTimeout(() => (ui?.button1 && !ui.button1.hidden ? ui.button1 : ui?.button0)?.click(), 0);
  },
};
Services.obs.addObserver(win.tradepostDialogs, "common-dialog-loaded");
win.tradepostWindows = {
  observe(opened, topic) {
    if (topic != "domwindowopened") return;
    opened.addEventListener("load", () => {
      const address = opened.location.href;
      if (!address.startsWith("chrome://pippki/")) return;
      alerts.push("dialog: " + address);
      setTimeout(() => opened.close(), 0);
    }, { once: true });
  },
};
Services.ww.registerNotification(win.tradepostWindows);
