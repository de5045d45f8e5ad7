# The domain decides after the whole address was read; source routes are dropped, nothing is relayed.
+ smtp
> 250 | MAIL FROM:<a@example.org>
> 250 | RCPT TO:<@a.test,@b.test:zhang@acme.test>
> 501|55[03] | RCPT TO:<@acme.test:zhang@elsewhere.test>
> 501|55[03] | RCPT TO:<zhang%acme.test@elsewhere.test>
> 501|55[03] | RCPT TO:<zhang%elsewhere.test@acme.test>
> 501|55[03] | RCPT TO:<acme.test!zhang@acme.test>
> 501|55[03] | RCPT TO:<"zhang@acme.test"@elsewhere.test>
> 501|55[03] | RCPT TO:<"zhang@elsewhere.test"@acme.test>
> 501|55[03] | RCPT TO:<zhang@acme.test@elsewhere.test>
> 501|55[03] | RCPT TO:<zhang@elsewhere.test@acme.test>
> 250 | RCPT TO:<li@acme.test>
