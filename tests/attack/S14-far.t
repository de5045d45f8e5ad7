# Four times the largest message: not even listened to.
SET smtp.message_max=1m smtp.in_flight=3m
== text
+ smtp
> 552 | MAIL FROM:<a@b> SIZE=1048577
> 250 | MAIL FROM:<customer@example.org> SIZE=1
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
STUFF 10 ${message}\r\n${rep:20000:${rep:1006:x}\r\n}
DROPPED (552 [^\n]*\r\n)?
MAIL zhang 0
== one chunk
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
STUFF 10 BDAT 20000000\r\n${rep:20000000:x}
DROPPED (552 [^\n]*\r\n)?
== many at once
AS a
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\n${rep:1000:${rep:98:x}\r\n}
CROWD 30 smtp EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<zhang@acme.test>\r\nDATA\r\n${rep:5000:${rep:98:x}\r\n}
C" .\r\n
R 250|452
> 250 | NOOP
