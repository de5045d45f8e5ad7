# The same, of those that are optional; and a message twice deleted.
+ imaps wang
PUT INBOX Subject: P02\r\n\r\nx
+ pop3s wang
> -ERR | LIST 1 2 3
> -ERR | LIST 0
> -ERR | LIST 4294967297
> -ERR | UIDL 0
> -ERR | UIDL x
> -ERR | TOP 1 -1
> -ERR|\+OK | TOP 1 4294967296
> \+OK | STAT 
> -ERR | STAT 1
> \+OK | DELE 1
> -ERR | DELE 1
> -ERR | RETR 1
> -ERR | TOP 1 0
> -ERR | LIST 1
> -ERR | UIDL 1
> \+OK | RSET
> \+OK | DELE 1
> \+OK | RSET
> \+OK | QUIT
