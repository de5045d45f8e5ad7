# A flood of recipients.
WITHIN 40
== good ones: each gets one
+ smtp
> 250 | MAIL FROM:<customer@example.org>
C" ${rep:1000:RCPT TO:<zhang@acme.test>\r\n}
R* 1000 250
> 250 | RCPT TO:<li@acme.test>
> 354 | DATA
C" ${message}\r\n.\r\n
R 250
MAIL zhang 1
MAIL li 1
== bad ones
+ smtp
> 250 | MAIL FROM:<customer@example.org>
C" ${seq:9000:RCPT TO:<nobody%@acme.test>\r\n}
R* 100 550
R 421
CLOSED
== half and half
+ smtp
> 250 | MAIL FROM:<customer@example.org>
STUFF 5 ${seq:5000:RCPT TO:<nobody%@acme.test>\r\nRCPT TO:<zhang@acme.test>\r\n}
DROPPED ([25]50 [^\n]*\n)*421 [^\n]*\r\n
