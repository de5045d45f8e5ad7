# CVE-2017-16943: chunks with nonsense between them leave a clean state.
EACH round 1 | 2 | 3
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" BDAT 1\r\naNONSENSE\r\nBDAT 1\r\nbRSET\r\nBDAT 1\r\nc
R 250
R 500
R 250
R 250
R 503
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
C" ${rep:12:BDAT 1\r\naNONSENSE\r\nBDAT 1\r\nbRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<zhang@acme.test>\r\n}
R* 72 250|500
> 221 | QUIT
CLOSED
