# CVE-2020-10967: an empty quoted local part.
+ smtp
> 250|501 | MAIL FROM:<""@d.test>
> 250 | RSET
> 250 | MAIL FROM:<a@b.test>
> 501|55[03] | RCPT TO:<""@acme.test>
> 501|55[03] | RCPT TO:<""@d.test>
> 250 | RCPT TO:<zhang@acme.test>
