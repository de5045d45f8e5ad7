# CVE-2017-15132, CVE-2019-11494, CVE-2019-11499: logins given up, again and again, leave nothing.
WITHIN 60
LINES 40
== SMTP
CROWD 45 submissions EHLO a\r\n${rep:18:AUTH LOGIN\r\n*\r\n}AUTH LOGIN\r\n
MOVE
+ submissions
C" ${rep:18:AUTH LOGIN\r\n*\r\n}AUTH PLAIN\r\n
R* 18 334|501
END
== IMAP
CROWD 45 imaps ${rep:2:a AUTHENTICATE LOGIN\r\n*\r\n}a AUTHENTICATE PLAIN\r\n
== POP3
CROWD 45 pop3s ${rep:3:AUTH LOGIN\r\n*\r\n}AUTH PLAIN\r\n
== a login in whose middle the client goes away
+ submissions
> 334 | AUTH LOGIN
> 334 | ${b64:zhang@acme.test}
C" ${b64:%zhang%}\r\n
RESET
+ imaps
C" a LOGIN zhang@acme.test "${password:zhang}"\r\n
RESET
+ pop3s
C" USER zhang@acme.test\r\nPASS ${password:zhang}\r\n
RESET
