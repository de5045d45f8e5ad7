# UTF-8 in addresses: with its parameter only, and only where it is UTF-8.
== without the parameter
+ smtp
> 553 | MAIL FROM:<\xe5\xbc\xa0@example.org>
> 250 | MAIL FROM:<a@example.org>
> 553 | RCPT TO:<\xe5\xbc\xa0@acme.test>
> 252|50[01]|553 | VRFY \xe5\xbc\xa0@acme.test
> 503 | DATA
> 250 | RCPT TO:<zhang@acme.test>
== with it
+ smtp
> 501|553 | MAIL FROM:<\xd5\xc5@example.org> SMTPUTF8
> 501|553 | MAIL FROM:<a\xc0\xaf@example.org> SMTPUTF8
> 501|553 | MAIL FROM:<a\xed\xa0\x80@example.org> SMTPUTF8
> 501|553 | MAIL FROM:<a\xf4\x90\x80\x80@example.org> SMTPUTF8
> 250|501|553 | MAIL FROM:<a\xe2\x80\xa8@example.org> SMTPUTF8
> 250 | RSET
> 250 | MAIL FROM:<\xe5\xbc\xa0@example.org> SMTPUTF8
> 501|550|553 | RCPT TO:<\xe5\xbc\xa0@acme.test>
> 501|550|553 | RCPT TO:<zhang\xe2\x80\x8b@acme.test>
> 250 | RCPT TO:<zhang@acme.test>
UNLOGGED \xe2\x80\xa8
