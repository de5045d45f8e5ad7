# Commands out of order.
== from outside
+ smtp
> 503 | DATA
> 503 | RCPT TO:<zhang@acme.test>
> 250 | MAIL FROM:<a@example.org>
> 503 | MAIL FROM:<b@example.org>
> 503 | DATA
> 503 | STARTTLS
> 503 | AUTH PLAIN AAAA
> 250 | RCPT TO:<zhang@acme.test>
> 503 | MAIL FROM:<b@example.org>
> 250 | EHLO again.example.org
> 503 | RCPT TO:<zhang@acme.test>
== submission
+ submissions zhang
> 503 | AUTH PLAIN AAAA
> 250 | MAIL FROM:<zhang@acme.test>
> 503 | AUTH PLAIN AAAA
> 503 | STARTTLS
> 250 | RCPT TO:<li@acme.test>
> 250 | RSET
> 503 | DATA
== before EHLO
@ smtp
R 220
> 503 | MAIL FROM:<a@example.org>
> 503 | DATA
> 503 | RCPT TO:<zhang@acme.test>
> 503 | AUTH PLAIN AAAA
> 250 | NOOP
