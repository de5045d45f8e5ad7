# CVE-2022-24407: a password is bytes, whatever else it looks like.
USER sql '; DROP TABLE x;-- "%s$(id)
+ submissions
> 235 | AUTH PLAIN ${b64:\x00sql@acme.test\x00'; DROP TABLE x;-- "\x25s$(id)}
+ imaps
> OK | LOGIN sql@acme.test "'; DROP TABLE x;-- \\"%s$(id)"
+ imaps
> NO | LOGIN sql@acme.test "' OR 1=1 --"
