# Slow clients: a byte now and then keeps nobody's place, and others are served meanwhile.
SET smtp.command_patience=2s smtp.data_deadline=10s
WITHIN 30
== a command
+ smtp
CLOCK
CUT 0.3 NOOPxxxxxxxxxxxx
DROPPED 421 [^\n]*\r\n
FAST 15
== the answer of a login
+ submissions
> 334 | AUTH LOGIN
CUT 0.3 emhhbmdAYWNtZS50
DROPPED 421 [^\n]*\r\n
== a text, while others say nothing
CROWD 45 smtp
MOVE
CROWD 45 smtp
MOVE
+ smtp
> 250 | MAIL FROM:<customer@example.org>
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C" ${message}
CLOCK
CUT 0.5 X: xxxxxxxxxxxxxxxxxxxxxxx
SERVED 3
DROPPED 421 [^\n]*\r\n
FAST 25
MAIL zhang 0
