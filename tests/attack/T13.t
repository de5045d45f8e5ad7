# A connection that ends within a text: nothing is stored, nothing is acknowledged.
EACH end END | RESET | FINISH
== DATA in clear
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\nbody\r\n.
${end}
MAIL zhang 0
== DATA over TLS
+ submissions zhang
> 250 | MAIL FROM:<zhang@acme.test>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\nbody\r\n.\r
${end}
MAIL zhang 0
== a chunk
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" BDAT 10000 LAST\r\n${message}\r\nbody\r\n.\r\n
${end}
MAIL zhang 0
== APPEND
+ imaps zhang
C" a APPEND INBOX {100000+}\r\n${message}\r\n${rep:5000:x}
${end}
MAIL zhang 0
== APPEND, at its end
+ imaps zhang
C" a APPEND INBOX {7+}\r\n12345\r\n
${end}
MAIL zhang 0
