# Mail that goes in circles.
== 101
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${rep:101:Received: from a by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n}${message}\r\nbody\r\n.\r\n
R 554 5.4.6
> 250 | NOOP
MAIL zhang 0
== 99
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${rep:99:Received: from a by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n}${message}\r\nbody\r\n.\r\n
R 250
MAIL zhang 1
