# Nobody logs in as one person with the password of another.
EACH asked li@acme.test | *
AS smtp
+ submissions
C" AUTH PLAIN ${b64:${asked}\x00zhang@acme.test\x00%zhang%}\r\n
AS imap
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:${asked}\x00zhang@acme.test\x00%zhang%}\r\n
AS pop3
+ pop3s
C" AUTH PLAIN ${b64:${asked}\x00zhang@acme.test\x00%zhang%}\r\n
AS smtp
R 535
AS imap
S: t1 NO *
AS pop3
R -ERR
