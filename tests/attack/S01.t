# CVE-2023-51764, -51765, -51766, -51747, VU#302671: a bare LF in an end of data that is none.
# The message is refused, the text is read to its real end, and nothing in it is a command.
== outside
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na\r\n.\nMAIL FROM:<x@y.test>\r\nRCPT TO:<zhang@acme.test>\r\nDATA\r\n
C" Subject: ${token}\r\n\r\nsmuggled\r\n.\r\n
R 550 5.6.11
CLOSED
MAIL zhang 0
== submission
+ submissions zhang
> 250 | MAIL FROM:<zhang@acme.test>
> 250 | RCPT TO:<li@acme.test>
> 354 | DATA
C" ${message}\r\na\r\n.\nMAIL FROM:<x@y.test>\r\nRCPT TO:<zhang@acme.test>\r\nDATA\r\n
C" Subject: ${token}\r\n\r\nsmuggled\r\n.\r\n
R 250
> 250 | NOOP
MAIL li 1
MAIL zhang 0
