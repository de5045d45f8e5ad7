# A login message of a mebibyte, and one of no bytes.
WITHIN 60
== SMTP
+ submissions
> 334 | AUTH PLAIN
STUFF 5 ${rep:262144:AAAA}\r\n
DROPPED (421|50[01]) .*
== SMTP, at once
+ submissions
STUFF 5 AUTH PLAIN ${rep:262144:AAAA}\r\n
DROPPED (421|50[01]) .*
== SMTP, nothing
+ submissions
> 501|535 | AUTH PLAIN =
> 334 | AUTH PLAIN
> 501|535 | 
> 235 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
== IMAP
+ imaps
> \+ | AUTHENTICATE PLAIN
STUFF 5 ${rep:262144:AAAA}\r\n
DROPPED .*(BYE|BAD).*
== POP3
+ pop3s
> \+ | AUTH PLAIN
STUFF 5 ${rep:262144:AAAA}\r\nQUIT\r\n
DROPPED -ERR .*
