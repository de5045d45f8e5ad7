# One recipient more than a message may have: come with the others later, and those that were taken get it.
SET smtp.recipients_max=100 relay.retry_first=1s relay.retry_max=2s
WITHIN 40
LINES 300
SINK good
+ submissions zhang
> 250 | MAIL FROM:<zhang@acme.test>
C" ${seq:100:RCPT TO:<n%@customer.example>\r\n}
R* 100 250
> 452 4.5.3 | RCPT TO:<late@customer.example>
> 250 | RCPT TO:<n100@customer.example>
> 354 | DATA
C" Subject: ${token}\r\n\r\nx\r\n.\r\n
R 250
QUEUED 0
SENT 1 .*
