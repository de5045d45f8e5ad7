# Address literals.
+ smtp
> 250 | MAIL FROM:<a@[192.0.2.1]>
> 501|55[03] | RCPT TO:<zhang@[127.0.0.1]>
> 501|55[03] | RCPT TO:<zhang@[IPv6:::1]>
> 501|55[03] | RCPT TO:<zhang@[99999]>
> 501|55[03] | RCPT TO:<zhang@[IPv6:${rep:4000::}]>
> 500 | RCPT TO:<zhang@[IPv6:${rep:5000::}]>
> 501|55[03] | RCPT TO:<zhang@[]>
> 501|55[03] | RCPT TO:<zhang@[127.0.0.1>
> 501|55[03] | RCPT TO:<zhang@[[[[[[[127.0.0.1]]]]]]]>
> 250 | RCPT TO:<zhang@acme.test>
