# CVE-2021-33515, NO STARTTLS: commands smuggled in clear are never answered after the handshake.
== IMAP
+ imap
C" t1 STARTTLS\r\nt2 NOOP\r\nt3 LOGIN "zhang@acme.test" "${password:zhang}"\r\n
S: t1 OK *
TLS
> OK | NOOP
COUNT 0 t[23]
> BAD | SELECT INBOX
== POP3
+ pop3
C" STLS\r\nCAPA\r\nQUIT\r\n
S: +OK*
TLS
> \+OK | USER zhang@acme.test
> \+OK | PASS ${password:zhang}
> \+OK | QUIT
