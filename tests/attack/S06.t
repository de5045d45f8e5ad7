# Chunks: counted to the byte, never taken for commands, never mixed with DATA.
== then DATA
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" BDAT 5\r\nabcde
R 250
> 503 | DATA
> 250 | NOOP
== commands within
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" BDAT 24\r\nSubject: a\r\n\r\nRSET\r\nQUITBDAT 5 LAST\r\nX\r\n\r\nNOOP\r\n
R* 3 250
== an empty message
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 250|550|554 | BDAT 0 LAST
> 250 | NOOP
== in small pieces, pipelined
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" ${rep:2000:BDAT 3\r\nx\r\n}BDAT 0 LAST\r\nNOOP\r\n
R* 2002 250
== sizes that are none: too large
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 501 | BDAT 99999999999999999999 LAST
CLOSED
== sizes that are none: negative
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 501 | BDAT -1
CLOSED
== sizes that are none: no number
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 501 | BDAT x
CLOSED
== sizes that are none: nothing
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 501 | BDAT
CLOSED
== sizes that are none: another word
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 501 | BDAT 1 FIRST
CLOSED
== more than may ever come
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" BDAT 18446744073709551615 LAST\r\nMAIL FROM:<a@b>\r\n
DROPPED 5[05][0-9] [^\n]*\r\n
== a bare line feed
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" BDAT 18 LAST\r\nSubject: a\r\n\r\na\nb\n
R 550 5.6.11
CLOSED
