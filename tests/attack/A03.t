# CVE-2023-42114 to -42116, CVE-2020-12673, -12674: no mechanism but those that are offered.
EACH mechanism NTLM | GSSAPI | ANONYMOUS | DIGEST-MD5 | EXTERNAL | CRAM-MD5 | PLAINX | LOGIN\x00 | ${rep:200:X} | SCRAM-SHA-1 | ../../plain
+ submissions
> 50[014] | AUTH ${mechanism} AAAA
> 50[014] | AUTH ${mechanism}
+ imaps
> NO|BAD | AUTHENTICATE ${mechanism}
> NO|BAD | AUTHENTICATE ${mechanism} AAAA
+ pop3s
> -ERR | AUTH ${mechanism} AAAA
> -ERR | AUTH ${mechanism}
