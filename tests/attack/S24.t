# Nobody learns here who has an account.
+ smtp
> 252 2.1.5 Cannot say | VRFY zhang
> 252 2.1.5 Cannot say | VRFY zhang@acme.test
> 252 2.1.5 Cannot say | VRFY nobody@acme.test
> 252 2.1.5 Cannot say | VRFY <nobody@elsewhere.test>
> 502 | EXPN staff
> 502 | EXPN zhang
