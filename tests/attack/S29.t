# A failure of a mail without sender is told to nobody.
SET relay.retry_first=1s relay.retry_max=2s
WITHIN 40
SINK refuse
+ submissions zhang
> 250|55[03] | MAIL FROM:<>
> 250|50[13]|55[03] | RCPT TO:<buyer@customer.example>
C" DATA\r\n
R 354|503
C" Subject: ${token}\r\n\r\nx\r\n.\r\n
PAUSE 1
QUEUED 0
MAIL zhang 0
