# Logins without end.
WITHIN 40
== USER again and again
+ pop3s
STUFF 5 ${seq:1000:USER u%\r\n}
PAUSE 0.5
END
== arguments over 40 characters
+ pop3s
> \+OK | USER ${rep:40:x}@${rep:60:y}.test
> -ERR | PASS ${rep:200:z}
== PASS of a mebibyte
+ pop3s
> \+OK | USER zhang@acme.test
STUFF 5 PASS ${rep:1048576:x}\r\nQUIT\r\n
DROPPED -ERR .*
== APOP is not offered
+ pop3s
> -ERR | APOP zhang c4c9334bac560ecc979e58001b3e22fb
> -ERR | PASS ${password:zhang}
