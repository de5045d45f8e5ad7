# Numbers that are none.
EACH number 0 | -1 | 99999999999 | 4294967296 | 4294967297 | 18446744073709551617 | x | 1x | 0x1 | +1 | 1e1 | 1 2 3 |  | ${rep:200:1}
+ pop3s zhang
> -ERR | RETR ${number}
> -ERR | DELE ${number}
> -ERR | TOP ${number} 1
> -ERR | RETR ${number}
> \+OK | NOOP
