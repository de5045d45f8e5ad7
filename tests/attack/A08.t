# Brute force: one address is not heard any more, the account stays open for others, and so does
# the address for who has logged in there before.
WITHIN 60
MEMORY 64
AS known
+ submissions li
CROWD 24 submissions EHLO a\r\nAUTH PLAIN ${b64:\x00zhang@acme.test\x00wrong}\r\n
PAUSE 9
AS again
+ submissions
> 421 4.7.0 | AUTH PLAIN ${b64:\x00zhang@acme.test\x00%zhang%}
+ submissions li
MOVE
CLOCK
+ submissions zhang
+ imaps zhang
FAST 5
