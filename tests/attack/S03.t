# What our people's programs send with bare CR and LF leaves with CR LF only, stuffed once.
SET relay.retry_first=1s relay.retry_max=2s
WITHIN 40
EACH end \n.\r\n | \n.\n | \r.\r | \r\n.\r | \r.\r\n | \r\n.\r\r\n | \r\n.\n | \r\n..\r\n
SINK good
+ submissions zhang
> 250 | MAIL FROM:<zhang@acme.test>
> 250 | RCPT TO:<buyer@customer.example>
> 354 | DATA
C" Subject: ${token}\r\n\r\na${end}MAIL FROM:<x@y.test>\n\xe5\xbc\xa0\r.\r\n..b\r\n.\r\n
R 250
SENT 1 ([\x01-\x09\x0b\x0c\x0e-\x7f]|\r\n)*
QUEUED 0
