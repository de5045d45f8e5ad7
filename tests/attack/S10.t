# NUL and other controls: refused in commands, refused in texts from outside, never an end.
== in a command
+ smtp
> 501 | NO\x00OP
> 501 | EHLO a\x00b
> 501 | MAIL FROM:<a\x00@b>
> 501 | MAIL FROM:<a@b>\x00
> 250 | MAIL FROM:<a@b>
== in a header
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}X: a\x00b\r\n\r\nbody\r\n.\r\n
R 550 5.6.0
CLOSED
MAIL zhang 0
== in a body
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\nbo\x00dy\r\n.\r\n
R 550 5.6.0
CLOSED
MAIL zhang 0
== in a chunk
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" BDAT 16 LAST\r\nSubject: a\r\n\r\n\x00x
R 550 5.6.0
CLOSED
== 8 bits stay as they are
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}X: \xd5\xc5\xc8\xfd\r\n\r\n\xd5\xc5\xff\xfe\x01\x7f\r\n.\r\n
R 250
MAIL zhang 1
