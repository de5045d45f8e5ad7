# CVE-2019-19722, CVE-2017-14461: addresses that are none.
EACH value g:; | g: a@b, ; | <@ | "unterminated | a@b@c | ${rep:100000:,} | <<a@b>> | @a:b@c | <@a,@b:c@d> | ;:;:;: | a b c d | <> | (comment) | =?x?q??= <> | \xd5\xc5 <a@b> | a@[ | ${rep:50000:g:}
+ imaps wang
> OK|NO \[ALREADY | CREATE I16
PUT I16 From: ${value}\r\nTo: ${value}\r\nReply-To: ${value}\r\n\r\nx
> OK | SELECT I16
> OK | FETCH 1:* (ENVELOPE)
COUNT 1 \* 1 FETCH \(ENVELOPE \(
> OK | SEARCH FROM nobody
> OK | UNSELECT
> OK | DELETE I16
