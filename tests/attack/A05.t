# NUL, 8 bits and templates in names (CVE-2019-10691, CVE-2017-2669); all at once, because each
# failure makes the next answer slower.
# Two hashes at a time take 16 MiB each.
MEMORY 64
WITHIN 40
AS smtp0
+ submissions
C" AUTH PLAIN ${b64:\x00zh\x00ang@acme.test\x00password}\r\n
AS imap0
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zh\x00ang@acme.test\x00password}\r\n
AS smtp1
+ submissions
C" AUTH PLAIN ${b64:\x00\xd5\xc5\xc8\xfd@acme.test\x00password}\r\n
AS imap1
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00\xd5\xc5\xc8\xfd@acme.test\x00password}\r\n
AS smtp2
+ submissions
C" AUTH PLAIN ${b64:\x00\x25\x7bhome\x7d\x25200000u\x00password}\r\n
AS imap2
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00\x25\x7bhome\x7d\x25200000u\x00password}\r\n
AS smtp3
+ submissions
C" AUTH PLAIN ${b64:\x00\x25u@acme.test\x00password}\r\n
AS imap3
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00\x25u@acme.test\x00password}\r\n
AS smtp4
+ submissions
C" AUTH PLAIN ${b64:\x00zhang@acme.test\x00\x00password}\r\n
AS imap4
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00zhang@acme.test\x00\x00password}\r\n
AS smtp5
+ submissions
C" AUTH PLAIN ${b64:\x00${rep:3000:x}@acme.test\x00password}\r\n
AS imap5
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00${rep:3000:x}@acme.test\x00password}\r\n
AS smtp6
+ submissions
C" AUTH PLAIN ${b64:\x00${rep:900:x@}\x00password}\r\n
AS imap6
+ imaps
C" t1 AUTHENTICATE PLAIN ${b64:\x00${rep:900:x@}\x00password}\r\n
AS smtp0
R 50[01]|535
AS imap0
S: /(t1 NO|t1 BAD|\* BYE) .*/
AS smtp1
R 50[01]|535
AS imap1
S: /(t1 NO|t1 BAD|\* BYE) .*/
AS smtp2
R 50[01]|535
AS imap2
S: /(t1 NO|t1 BAD|\* BYE) .*/
AS smtp3
R 50[01]|535
AS imap3
S: /(t1 NO|t1 BAD|\* BYE) .*/
AS smtp4
R 50[01]|535
AS imap4
S: /(t1 NO|t1 BAD|\* BYE) .*/
AS smtp5
R 50[01]|535
AS imap5
S: /(t1 NO|t1 BAD|\* BYE) .*/
AS smtp6
R 50[01]|535
AS imap6
S: /(t1 NO|t1 BAD|\* BYE) .*/
