# CVE-2025-61600: commands without end.
== small literals, before login
+ imaps
STUFF 5 a SEARCH ${rep:400000: SUBJECT \x7b5+\x7d\r\nhello}
DROPPED .*\* BYE [^\n]*\r\n
== a line, before login
+ imaps
STUFF 5 a FETCH ${rep:200000:1,}
DROPPED .*\* BYE [^\n]*\r\n
== small literals, after
+ imaps zhang
STUFF 5 a SEARCH ${rep:400000: SUBJECT \x7b5+\x7d\r\nhello}
DROPPED .*\* BYE [^\n]*\r\n
== a line, after
+ imaps zhang
STUFF 5 a FETCH ${rep:200000:1,}
DROPPED .*\* BYE [^\n]*\r\n
