# The end of data, cut anywhere: exactly one message.
== after byte 0
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na
PAUSE 0.05
C" \r\n.\r\n
R 250
> 250 | NOOP
MAIL zhang 1
== after byte 1
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na\r
PAUSE 0.05
C" \n.\r\n
R 250
> 250 | NOOP
MAIL zhang 1
== after byte 2
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na\r\n
PAUSE 0.05
C" .\r\n
R 250
> 250 | NOOP
MAIL zhang 1
== after byte 3
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na\r\n.
PAUSE 0.05
C" \r\n
R 250
> 250 | NOOP
MAIL zhang 1
== after byte 4
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na\r\n.\r
PAUSE 0.05
C" \n
R 250
> 250 | NOOP
MAIL zhang 1
== after each byte
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na
PAUSE 0.05
CUT 0.02 \r\n.\r\n
R 250
> 250 | NOOP
MAIL zhang 1
