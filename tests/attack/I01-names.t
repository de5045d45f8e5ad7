# The same for names of mailboxes.
EACH name "x\x00" | "x\\ | {2+}\r\nx\x00 | "x\\y" | (x) | x"y | {-1} | \xff\x00
+ imaps zhang
> BAD|\* BAD|NO | SELECT ${name}
> BAD|\* BAD|NO | CREATE ${name}
> BAD|\* BAD|NO | STATUS ${name} (MESSAGES)
> OK | NOOP
