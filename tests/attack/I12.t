# CVE-2020-12100, CVE-2020-25275, CVE-2026-26312: parts within parts, parts without number,
# boundaries that are prefixes of each other, empty, or used again inside.
WITHIN 60
EACH what ${seq:2000:Content-Type: multipart/mixed; boundary=b%\r\n\r\n--b%\r\n} | ${rep:20000:Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n} | Content-Type: multipart/mixed; boundary=b\r\n\r\n${rep:10000:--b\r\n\r\nx\r\n}--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n | Content-Type: multipart/mixed; boundary=aa\r\n\r\n--aa\r\nContent-Type: multipart/mixed; boundary=aaa\r\n\r\n--aaa\r\n\r\nx\r\n--aaa--\r\n--aa--\r\n | Content-Type: multipart/mixed; boundary=""\r\n\r\n${rep:10000:--\r\n\r\n} | ${rep:20000:Content-Type: message/rfc822\r\n\r\n} | Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b--\r\n | Content-Type: multipart/mixed; boundary=${rep:5000:b}\r\n\r\n--${rep:5000:b}\r\n
+ imaps wang
> OK|NO \[ALREADY | CREATE I12
PUT I12 MIME-Version: 1.0\r\n${what}
> OK | SELECT I12
CLOCK
> OK | FETCH * (BODYSTRUCTURE ENVELOPE)
> OK | FETCH * (BODY.PEEK[1.1.1.1] BODY.PEEK[${rep:90:1.}1] BODY.PEEK[10000] BODY.PEEK[10001])
> OK | SEARCH BODY nowhere
FAST 15
> OK | UNSELECT
> OK | DELETE I12
