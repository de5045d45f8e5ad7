# Patterns without end, over long names: linear.
WITHIN 40
+ imaps wang
> OK | CREATE ${rep:200:a}
> OK | CREATE ${rep:10:a/}b
CLOCK
> OK | LIST "" "${rep:200:%*}b"
> OK | LIST "" "${rep:200:%a}b"
> OK | LIST "" "${rep:120:*a}b"
> OK | LIST "" "${rep:4000:%}"
> OK | LIST "" "${rep:4000:*}"
> OK | LSUB "" "${rep:200:%*}b"
FAST 10
> OK | DELETE ${rep:200:a}
