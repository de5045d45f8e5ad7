# Unknown people are refused at RCPT, from outside and from inside; nothing is returned later.
== from outside
+ smtp
> 250 | MAIL FROM:<forged@customer.example>
> 550 | RCPT TO:<nobody@acme.test>
> 503 | DATA
== from our people
+ submissions zhang
> 250 | MAIL FROM:<zhang@acme.test>
> 550 | RCPT TO:<nobody@acme.test>
> 503 | DATA
