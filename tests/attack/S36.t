# A client that sends commands and never reads: the server stops reading, and only that client waits.
WITHIN 40
== smtp
+ smtp
STALLS 5 ${rep:2000000:NOOP\r\n}
SERVED 3
R* 1000 250
RESET
== submissions
+ submissions
STALLS 5 ${rep:2000000:NOOP\r\n}
SERVED 3
R* 1000 250
RESET
== imaps zhang
+ imaps zhang
STALLS 5 ${rep:2000000:a CAPABILITY\r\n}
SERVED 3
RESET
== pop3s zhang
+ pop3s zhang
STALLS 5 ${rep:2000000:CAPA\r\n}
SERVED 3
RESET
