# CVE-2025-30189: two people with the same password, again and again: each gets his own mail.
USER twin1 the same password
USER twin2 the same password
EACH one twin1 | twin2 | twin1 | twin2
== over SMTP
+ submissions ${one}
> 250 | MAIL FROM:<${one}@acme.test>
> 250 | RCPT TO:<${one}@acme.test>
> 354 | DATA
C" ${message}\r\nx\r\n.\r\n
R 250
MAIL ${one} 1
> 55[03] | MAIL FROM:<twin@acme.test>
== over IMAP
+ imaps ${one}
PUT INBOX ${message}\r\nx
MAIL ${one} 1
