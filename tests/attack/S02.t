# Sequences that some servers take for the end of data.
EACH end \n.\r\n | \n.\n | \r.\r | \r\n.\r | \r.\r\n | \n\x00.\r\n | \r\n\x00.\r\n | \r\n.\r\r\n | \r\n.\x00\r\n | \r\n.\n
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\na${end}MAIL FROM:<x@y.test>\r\nRCPT TO:<zhang@acme.test>\r\nDATA\r\n
C" Subject: ${token}\r\n\r\nsmuggled\r\n.\r\n
R 550 5\.6\.(11|0)
CLOSED
MAIL zhang 0
