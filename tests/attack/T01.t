# CVE-2011-0411: what came in clear behind STARTTLS is forgotten, and so is what was said before it.
EACH endpoint smtp | submission
+ ${endpoint}
C" STARTTLS\r\nRSET\r\nMAIL FROM:<inj@example.org>\r\nRCPT TO:<zhang@acme.test>\r\n
R 220
TLS
> 503 | RCPT TO:<zhang@acme.test>
> 503 | DATA
> 250 | EHLO a
> 503 | RCPT TO:<zhang@acme.test>
> 250 | NOOP
