# APPEND of many messages: bounded, and all or nothing.
WITHIN 60
+ imaps wang
> OK|NO \[ALREADY | CREATE I05
C" a APPEND I05${rep:1000: \x7b1+\x7d\r\nx}\r\n
S~ /a OK .*/
C" b APPEND I05${rep:1001: \x7b1+\x7d\r\nx}\r\n
S~ /b (NO \[LIMIT\]|BAD) .*/
> OK | NOOP
C" c APPEND I05 {1+}\r\nx {1+}\r\nx nonsense\r\n
S~ /c (BAD|NO) .*/
C" d APPEND I05 {1+}\r\nx {104857600}\r\n
S~ /d NO \[(TOOBIG|LIMIT)\] .*/
> OK | STATUS I05 (MESSAGES)
SAID .*\(MESSAGES 1000\)
> BAD | APPEND I05 CATENATE (TEXT {1+}\r\nx)
> OK | DELETE I05
