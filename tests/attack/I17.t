# CVE-2020-7046, CVE-2020-7957: bytes that are no characters.
EACH bytes \xe5\xbc | \x80 | \xff\xfe | \xed\xa0\x80 | \xf8\x88\x80\x80\x80 | =?utf-8?q?=E5=BC?= | =?utf-8?b?gA==?= | =?gb18030?b?gQ==?= | =?iso-2022-jp?b?GyRC?= | \x01\x02\x7f
+ imaps wang
> OK|NO \[ALREADY | CREATE I17
PUT I17 From: "${bytes}" <a@b>\r\nSubject: ${bytes}\r\nContent-Type: text/plain; name="${bytes}"\r\n\r\n${bytes}
> OK | SELECT I17
> OK | FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])
COUNT 1 \* 1 FETCH \(ENVELOPE \(.*\)
> OK | SEARCH SUBJECT x
> OK | UNSELECT
> OK | DELETE I17
