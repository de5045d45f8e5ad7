# CVE-2026-47088: a header that ends within a comment, a string, an escape, an encoded word.
EACH header From: a (x\\ | From: "x\\ | From: a (((( | From: =?utf-8?q?=4 | From: =?utf-8?b?QQ | Date: Tue, 24 Nov | Content-Type: text/plain; a="\\ | Subject: =?utf-8? | From | From: <a@[\\ | References: <
+ imaps wang
> OK|NO \[ALREADY | CREATE I15
PUT I15 ${header}
PUT I15 ${header}\r\n\r\n
> OK | SELECT I15
> OK | FETCH 1:* (ENVELOPE BODYSTRUCTURE)
> OK | SEARCH OR FROM x SUBJECT x
> OK | UNSELECT
> OK | DELETE I15
