# Lines of commands.
+ smtp
> 250 | NOOP ${rep:505:x}
> 250 | NOOP ${rep:506:x}
> 250 | NOOP ${rep:4000:x}
> 500 5.5.2 | NOOP ${rep:5000:x}
> 500 5.5.2 | ${rep:40000:x}
> 250 | NOOP
STUFF 5 ${rep:10485760:x}
DROPPED (421 4.7.0 [^\n]*\r\n)?
