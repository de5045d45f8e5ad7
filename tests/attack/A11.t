# One account has one name, however it is written: the same mailbox, or no login.
WITHIN 60
MEMORY 64
AS 0
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00ZHANG@ACME.TEST\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 1
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zhang@Acme.Test\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 2
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00\x20zhang@acme.test\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 3
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zhang@acme.test\x20\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 4
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zhang\xe2\x80\x8b@acme.test\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 5
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zhang@acme.test.\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 6
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zhang\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 7
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00\xef\xbd\x9ahang@acme.test\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 8
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zha\xcc\x82ng@acme.test\x00%zhang%}\r\nt2 SELECT INBOX\r\nt3 LOGOUT\r\n
AS 0
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 1
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 2
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 3
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 4
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 5
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 6
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 7
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
AS 8
DROPPED (t1 OK.*\* [1-9][0-9]* EXISTS.*t3 OK.*|t1 NO.*t2 BAD.*)
