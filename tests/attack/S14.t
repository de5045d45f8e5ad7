# Sizes that are promised and not kept.
WITHIN 40
== numbers
+ smtp
> 501 | MAIL FROM:<a@b> SIZE=18446744073709551616
> 501 | MAIL FROM:<a@b> SIZE=-1
> 501 | MAIL FROM:<a@b> SIZE=x
> 501 | MAIL FROM:<a@b> SIZE
> 501 | MAIL FROM:<a@b> SIZE=1 SIZE=2
> 552 | MAIL FROM:<a@b> SIZE=18446744073709551615
> 552 | MAIL FROM:<a@b> SIZE=9999999999
== 100 MiB instead of a byte
+ smtp
> 250 | MAIL FROM:<customer@example.org> SIZE=1
> 250 | RCPT TO:<zhang@acme.test>
> 354 | DATA
C* 104000 ${rep:1006:x}\r\n
C" .\r\n
R 552
> 250 | NOOP
MAIL zhang 0
