# Many failing recipients of one message make one notice (one for each hundred of them).
SET relay.retry_first=1s relay.retry_max=2s
WITHIN 90
LINES 300
SINK refuse
+ submissions li
> 250 | MAIL FROM:<li@acme.test>
C" ${seq:90:RCPT TO:<n%@customer.example>\r\n}
R* 90 250
> 354 | DATA
C" Subject: ${token}\r\n\r\nx\r\n.\r\n
R 250
QUEUED 0
PAUSE 2
MAIL li 1
