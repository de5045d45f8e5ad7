WITHIN 40
EACH header X: y | Received | : | X
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<wang@acme.test>
> 354 | DATA
C" ${message}${rep:200000:${header}\r\n}\r\nbody\r\n.\r\n
R 250|55[024]
> 250 | NOOP
