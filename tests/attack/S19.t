# CVE-2019-10149: what an expansion would understand is text here.
+ smtp
> 250|501 | MAIL FROM:<\x24\x7brun\x7b\\x2Fbin\\x2Fsh\x7d\x7d@example.org>
> 250 | RSET
> 250 | MAIL FROM:<a@example.org>
> 501|55[03] | RCPT TO:<\x24\x7brun\x7b\\x2Fbin\\x2Fsh\x7d\x7d@acme.test>
> 501|55[03] | RCPT TO:<"\x24\x7brun\x7b\\x2Fbin\\x2Fsh\x7d\x7d"@acme.test>
> 250 | RCPT TO:<zhang@acme.test>
