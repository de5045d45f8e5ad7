# STARTTLS at the wrong moment.
== SMTP
+ submission
> 501 | STARTTLS now
> 220 | STARTTLS
TLS
> 250 | EHLO a
> 503 | STARTTLS
> 235 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
> 503 | STARTTLS
> 250 | MAIL FROM:<zhang@acme.test>
> 503 | STARTTLS
> 250 | NOOP
== SMTP from outside, within a message
+ smtp
> 250 | MAIL FROM:<a@example.org>
> 503 | STARTTLS
> 250 | RCPT TO:<zhang@acme.test>
> 503 | STARTTLS
== IMAP
+ imap
> BAD | STARTTLS now
> OK | STARTTLS
TLS
> BAD | STARTTLS
> OK | LOGIN "zhang@acme.test" "${password:zhang}"
> BAD | STARTTLS
> OK | NOOP
== POP3
+ pop3
> -ERR | STLS now
> \+OK | STLS
TLS
> -ERR | STLS
> \+OK | USER zhang@acme.test
> \+OK | PASS ${password:zhang}
> -ERR | STLS
> \+OK | NOOP
