# CVE-2018-6789, CVE-2025-59028: base64 that is none is refused, and hurts no other login.
EACH response A | AB | ABC | ABCDE | ==== | A=== | AAAA AAAA | AAA=AAAA | \xe4\xe4\xe4\xe4 | AGE\x00= | AGEAYgBj\t | -_-_
== SMTP
AS other
+ submissions
> 334 | AUTH LOGIN
AS bad
+ submissions
> 501 | AUTH PLAIN ${response}
> 334 | AUTH PLAIN
> 501 | ${response}
> 235 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
AS other
> 334 | ${b64:li@acme.test}
> 235 | ${b64:%li%}
== IMAP
+ imaps
> BAD|NO | AUTHENTICATE PLAIN ${response}
> \+ | AUTHENTICATE PLAIN
C" ${response}\r\n
R BAD|NO
+ imaps zhang
== POP3
+ pop3s
> -ERR | AUTH PLAIN ${response}
> \+ | AUTH PLAIN
> -ERR | ${response}
+ pop3s zhang
