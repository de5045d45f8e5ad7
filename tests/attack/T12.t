# AUTH where it must not be.
== in clear
+ submission
> 538 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
> 538 | AUTH LOGIN
> 250 | NOOP
== before EHLO
@ submissions
R 220
> 503 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
== from outside
+ smtp
> 502 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
== twice
+ submissions zhang
> 503 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
