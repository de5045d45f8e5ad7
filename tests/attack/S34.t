# Nothing a peer says makes a line of the log, or a terminal do anything (the driver looks).
WITHIN 30
== SMTP
+ smtp
> 501 | EHLO a\x1b[2Jb
> 501|553 | MAIL FROM:<%n%n%s%1000000d@x\x1b]0;evil\x07>
> 250 | EHLO %n%n%s.example.org
C" MAIL FROM:<"\nevent=forged.line.made sid=x "@example.org>\r\n
R 500
R 500
> 250 | RSET
> 250 | MAIL FROM:<%n%n%s@example.org>
> 501|55[03] | RCPT TO:<%n%n%s%1000000d@acme.test>
> 501|550|553 | RCPT TO:<\xe2\x80\xae\xc2\x9b2J@acme.test>
> 501|55[03] | RCPT TO:<" event=forged.line.made sid=x"@acme.test>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}Subject: %n%n\x1b[2J ${rep:1000000:x}\r\n\r\n.\r\n
R 250
== names at login
AS smtp
+ submissions
C" AUTH PLAIN ${b64:\x00\x25n\x25n\n\x1b[2Jevent=forged.line.made\x00password}\r\n
AS imap
+ imaps
C" t1 LOGIN "%n%n\x1b[2J" {40+}\r\nevent=forged.line.made sid=x 0123456789\n\n\r\n
AS pop3
+ pop3s
> -ERR|\+OK | USER %n%n\x1b[2J
C" PASS x\r\n
AS smtp
R 535|501
AS imap
R BAD|NO|\* BAD
AS pop3
R -ERR
UNLOGGED \x1b
