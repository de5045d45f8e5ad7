# Many texts announced, none sent: nothing waits in memory, and others append meanwhile.
SET imap.message_max=20m imap.append_budget=60m
WITHIN 40
== too large
+ imaps zhang
> NO \[TOOBIG\] | APPEND INBOX {104857600}
> NO \[TOOBIG\] | APPEND INBOX {4294967296}
> OK | NOOP
== many that stall
CROWD 45 imaps a LOGIN zhang@acme.test "${password:zhang}"\r\nb APPEND INBOX {20000000}\r\n
PAUSE 1
+ imaps li
PUT INBOX ${message}\r\nx
MAIL li 1
SERVED 3
== much that comes and stalls
CROWD 8 imaps a LOGIN zhang@acme.test "${password:zhang}"\r\nb APPEND INBOX {20000000+}\r\n${rep:9000000:x}
+ imaps li
> OK | NOOP
SERVED 3
