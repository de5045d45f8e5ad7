# Keywords are few and short.
+ imaps wang
> OK|NO \[ALREADY | CREATE I25
PUT I25 Subject: x\r\n\r\n
> OK | SELECT I25
> NO \[LIMIT\] | STORE 1 +FLAGS (${seq:10000:k% }x)
> NO \[LIMIT\] | STORE 1 +FLAGS (${rep:60000:k})
> OK | STORE 1 +FLAGS (${seq:50:k% }x)
> NO | STORE 1 +FLAGS (${seq:60:m% }x)
> OK | STORE 1 +FLAGS (${seq:4:m% }m0)
SAID \* OK \[PERMANENTFLAGS \([^*]*\)\]
> NO | APPEND I25 (${seq:60:n% }x) {1+}\r\nx
> OK | FETCH 1 FLAGS
> OK|NO|BAD | STORE 1 +FLAGS (\\Nonsense)
> OK | FETCH 1 FLAGS
COUNT 0 .*Nonsense
> BAD | STORE 1 +FLAGS (a\x22b)
> OK | UNSELECT
> OK | DELETE I25
