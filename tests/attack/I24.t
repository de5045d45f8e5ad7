# CVE-2021-33582: names made to collide for a fixed hash cost nothing (tables are keyed).
WITHIN 60
EACH header ${seq:50000:X-%: 1\r\n} | ${rep:50000:X-Az: 1\r\nX-Cz: 1\r\n}
+ imaps wang
> OK|NO \[ALREADY | CREATE I24
CLOCK
PUT I24 ${header}\r\nx
> OK | SELECT I24
> OK | FETCH 1 (ENVELOPE BODY.PEEK[HEADER.FIELDS (X-50000 X-Az)])
> OK | SEARCH HEADER X-50000 1
FAST 10
> OK | UNSELECT
> OK | DELETE I24
