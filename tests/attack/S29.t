# A failure of a mail without sender is told to nobody: dropped, and logged.
SET policy.lan=127.0.0.0/8 relay.retry_first=1s relay.retry_max=2s
WITHIN 40
EACH endpoint submissions zhang | smtp
SINK refuse
+ ${endpoint}
> 250 | MAIL FROM:<>
> 250 | RCPT TO:<${token}@customer.example>
> 354 | DATA
C" From: <zhang@acme.test>\r\nSubject: ${token}\r\n\r\nx\r\n.\r\n
R 250
QUEUED 0
LOGGED event=relay.mail.failed .*to=${token}@customer.example .*notice=none
MAIL zhang 0
