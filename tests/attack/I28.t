# IDLE and what is no DONE.
WITHIN 40
== junk
+ imaps zhang
> OK | SELECT INBOX
> \+ | IDLE
C" nonsense\r\n
R BAD
> OK | NOOP
== a line without end
+ imaps zhang
> \+ | IDLE
STUFF 5 ${rep:10485760:x}\r\n
R BAD|\* BYE
== many idlers
CROWD 45 imaps a LOGIN wang@acme.test "${password:wang}"\r\nb SELECT INBOX\r\nc IDLE\r\n
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<wang@acme.test>
> 354 | DATA
C" ${message}\r\nx\r\n.\r\n
R 250
SERVED 3
