# Dots and missing line ends: stuffed, exact, ended once.
EACH text .\r\n..\r\n.dot | no end | \r\n.\r\n.\r\n | ...\r\n | a\x7f\x01\xff | ${rep:70000:.}
USER dots secret of dots
+ imaps dots
> OK | SELECT INBOX
> OK | STORE 1:* +FLAGS (\\Deleted)
> OK | EXPUNGE
PUT INBOX Subject: x\r\n\r\n${text}
+ pop3s dots
> \+OK 1 | STAT
C" RETR 1\r\nNOOP\r\n
R \+OK
LINES-OF Subject: x|$|\.?[^.\r\n].*|\.\.
R \+OK
