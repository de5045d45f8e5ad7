# Before TLS nobody can log in, and a password that is sent all the same is not logged.
USER clear clear-password-4711
== IMAP
+ imap
> OK | CAPABILITY
SAID \* CAPABILITY .*STARTTLS LOGINDISABLED
COUNT 0 .*AUTH=
> NO \[PRIVACYREQUIRED\] | LOGIN "clear@acme.test" "clear-password-4711"
> NO \[PRIVACYREQUIRED\] | AUTHENTICATE PLAIN ${b64:\x00clear@acme.test\x00clear-password-4711}
> OK | STARTTLS
TLS
> OK | CAPABILITY
COUNT 0 .*(STARTTLS|LOGINDISABLED)
SAID .*AUTH=PLAIN
> OK | LOGIN "clear@acme.test" "clear-password-4711"
UNLOGGED clear-password-4711
UNLOGGED ${b64:\x00clear@acme.test\x00clear-password-4711}
== POP3
+ pop3
> -ERR | USER clear@acme.test
> -ERR | PASS clear-password-4711
> -ERR | AUTH PLAIN ${b64:\x00clear@acme.test\x00clear-password-4711}
> \+OK | STLS
TLS
> \+OK | USER clear@acme.test
> \+OK | PASS clear-password-4711
UNLOGGED clear-password-4711
== SMTP
+ submission
COUNT 0 ....AUTH
SAID ....STARTTLS
> 538 | AUTH PLAIN ${b64:\x00clear@acme.test\x00clear-password-4711}
> 530 | MAIL FROM:<clear@acme.test>
> 220 | STARTTLS
TLS
> 250 | EHLO a
SAID ....AUTH PLAIN LOGIN
COUNT 0 ....STARTTLS
> 235 | AUTH PLAIN ${b64:\x00clear@acme.test\x00clear-password-4711}
UNLOGGED clear-password-4711
