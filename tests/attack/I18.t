# Nothing in a message or a name speaks for the server.
+ imaps wang
> OK|NO \[ALREADY | CREATE I18
PUT I18 Subject: =?utf-8?q?x=0D=0A*_BYE_now?=\r\n\t* BYE\r\nFrom: "a\\"\\\\ (" <x@example.org>\r\n\r\n* BYE\r\n
> OK | SELECT I18
> OK | FETCH 1 (ENVELOPE BODY.PEEK[TEXT])
COUNT 1 \* 1 FETCH \(ENVELOPE \([^\r\n]*\) BODY\[TEXT\] \{7\}\r\n\* BYE\r\n\)$
COUNT 0 \* BYE
> NO | CREATE "&AA0ACg-* BYE"
> NO|BAD|\* BAD | CREATE {8+}\r\nx\r\n* BYE
> OK | UNSELECT
> OK | DELETE I18
