# Names that clients give themselves.
== refused
+ smtp
> 501 | EHLO a\rb
> 501 | EHLO <script>
> 501 | EHLO ${rep:1000:x}
> 501 | EHLO a\x1b[2J
> 501 | EHLO
> 250|501 | HELO \xff
> 250 | NOOP
== written so that it is no syntax of ours
+ smtp
> 250 | EHLO strange_name(with)"things"
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\nbody\r\n.\r\n
R 250
MAIL zhang 1
AS reader
+ imaps zhang
> OK | SELECT INBOX
> OK | UID FETCH * BODY.PEEK[HEADER.FIELDS (RECEIVED)]
SAID .*Received: from strange_name\?with\?\?things\? \(
