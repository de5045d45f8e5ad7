# Who speaks before the greeting: refused, or understood; never out of step.
@ smtp
C" EHLO a\r\nMAIL FROM:<a@b>\r\nQUIT\r\n
DROPPED (554 [^\n]*|220 .*250 [^\n]*\n221 [^\n]*)\r\n
