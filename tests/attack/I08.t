# Search programs have a depth and a length.
+ imaps zhang
> OK | SELECT INBOX
> NO \[LIMIT\] | SEARCH ${rep:10000:OR }ALL
> NO \[LIMIT\] | SEARCH ${rep:10000:NOT }ALL
> NO \[LIMIT\] | SEARCH ${rep:10000:(}
> NO \[LIMIT\] | SEARCH ${rep:1000:TEXT x }ALL
> BAD | SEARCH (ALL
> BAD | SEARCH ALL)
> BAD | SEARCH OR ALL
> BAD | SEARCH
> BAD | SEARCH NOT
> BAD | SEARCH ()
> OK | SEARCH ${rep:60:NOT }ALL
CLOCK
> OK | SEARCH ${rep:120:NOT TEXT abcdefgh }ALL
FAST 10
