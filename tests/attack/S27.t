# Relaying: for our own domain only, whatever the address looks like, and never without login.
== from outside
+ smtp
> 250 | MAIL FROM:<a@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 250 | RCPT TO:<zhang@ACME.TEST>
> 250 | RCPT TO:<ZHANG@acme.test>
> 250|501|55[03] | RCPT TO:<zhang@acme.test.>
> 550 | RCPT TO:<a@elsewhere.test>
> 550 | RCPT TO:<zhang@acme.test.evil.test>
> 550 | RCPT TO:<zhang@sub.acme.test>
> 550 | RCPT TO:<zhang@xn--acme-xyz.test>
> 501|55[03] | RCPT TO:<zhang@acme.test@elsewhere.test>
> 501|55[03] | RCPT TO:<zhang>
> 501|55[03] | RCPT TO:<postmaster@elsewhere.test>
> 501|55[03] | RCPT TO:<>
== with a sender of ours, from outside
+ smtp
> 250|55[03] | MAIL FROM:<zhang@acme.test>
> 250 | RSET
> 250 | MAIL FROM:<>
> 550 | RCPT TO:<a@elsewhere.test>
== submission without login
@ submissions
R 220
> 250 | EHLO a
> 530 | MAIL FROM:<zhang@acme.test>
> 503|530 | RCPT TO:<li@acme.test>
> 503|530 | DATA
== submission in another name
+ submissions zhang
> 55[03] | MAIL FROM:<li@acme.test>
> 55[03] | MAIL FROM:<a@elsewhere.test>
> 250 | MAIL FROM:<zhang@acme.test>
