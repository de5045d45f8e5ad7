# CVE-2026-27857: parentheses without end before login.
EACH text a LOGIN ${rep:1048576:(} | a LOGIN ${rep:1048576:"x" } | ${rep:1048576:a} | a ${rep:524288:( } | ${rep:20000:a (\r\n}
+ imaps
STUFF 5 ${text}
DROPPED .*\* BYE [^\n]*\r\n
