# One FETCH names so many items and no more; who does not read what it asked for waits alone.
+ imaps wang
> OK|NO \[ALREADY | CREATE I10
PUT I10 Subject: x\r\n\r\n${rep:20000:${rep:98:y}\r\n}
> OK | SELECT I10
> NO \[LIMIT\] | FETCH 1:* (${rep:500:BODY.PEEK[]<0.1> }UID)
> OK | FETCH 1:* (${rep:60:BODY.PEEK[]<0.1> }UID)
> OK | UID FETCH 1 (${rep:99:FLAGS }FLAGS) (CHANGEDSINCE 1)
> NO \[LIMIT\] | UID FETCH 1 (${rep:100:FLAGS }FLAGS) (CHANGEDSINCE 1)
STUFF 3 ${rep:60:a FETCH 1 (BODY.PEEK[] RFC822.SIZE)\r\n}
SERVED 3
RESET
+ imaps wang
> OK | DELETE I10
