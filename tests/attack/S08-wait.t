# With a longer wait it is always noticed; who waits is served.
SET smtp.banner_wait_ms=2000
== early
@ smtp
C" EHLO a\r\nQUIT\r\n
DROPPED 554 5.5.0 [^\n]*\r\n
LOGGED event=smtp.session.closed .* why="You spoke before the greeting"
== patient
+ smtp
> 221 | QUIT
