# Parameters.
EACH parameter BODY=8BITMIME BODY=7BIT | BODY=BINARYMIME | ${rep:500:X=1 } | ${seq:400:X%=1 } | RET=FULL ENVID=a+0D+0AMAIL | = | X=\xff | SIZE=1 =
+ smtp
> 501|555|500 | MAIL FROM:<a@example.org> ${parameter}
> 501|555 | MAIL FROM:<a@example.org> AUTH=<> ${parameter}
> 250 | MAIL FROM:<a@example.org> SIZE=10
> 501|555|500 | RCPT TO:<zhang@acme.test> ${parameter}
> 250 | RCPT TO:<zhang@acme.test>
