# ALPACA: what a web page makes a browser send is not obeyed.
EACH verb POST / HTTP/1.1 | GET /%0d%0aNOOP HTTP/1.0 | CONNECT acme.test:25 HTTP/1.1
== SMTP
+ smtp
C" ${verb}\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n
CLOSED
== submission
+ submission
C" ${verb}\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n
CLOSED
== IMAP
+ imap
C" ${verb}\r\nHost: x\r\n\r\na NOOP\r\n
DROPPED \* BYE [^\n]*\r\n
== IMAP over TLS
+ imaps
C" ${verb}\r\nHost: x\r\n\r\na NOOP\r\n
DROPPED \* BYE [^\n]*\r\n
== POP3
+ pop3
C" ${verb}\r\nHost: x\r\n\r\nCAPA\r\n
DROPPED -ERR [^\n]*\r\n
== TLS for the web
+ submission
STARTTLS
NO-TLS http/1.1
+ imap
STARTTLS
NO-TLS h2
+ pop3
STARTTLS
NO-TLS http/1.1
