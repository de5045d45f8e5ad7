# CVE-2020-7247: what a shell would understand is text here.
EACH local |id | $(id) | `id` | ;id; | &&id | %n%n%s | '"'
+ smtp
> 250|501 | MAIL FROM:<${local}@example.org>
> 250 | RSET
> 250 | MAIL FROM:<a@example.org>
> 501|550|553 | RCPT TO:<${local}@acme.test>
> 250 | RCPT TO:<zhang@acme.test>
