# Long and many headers (CVE-2024-23185): taken or refused as a whole, in bounded memory.
WITHIN 40
EACH size 998 | 999 | 100000 | 20971520
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<wang@acme.test>
> 354 | DATA
C" ${message}X-Long: ${rep:${size}:x}\r\n\r\nbody\r\n.\r\n
R 250|55[02]
> 250 | NOOP
