# Commands within a text are text.
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}\r\nEHLO x\r\nRSET\r\nQUIT\r\n.RSET\r\n.\r\n
R 250
> 250 | NOOP
MAIL zhang 1
