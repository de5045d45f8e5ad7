# No path is built from an address.
EACH local ../../etc/passwd | zhang/../li | zhang+../../x | zhang+\x00x | "zhang+\x2e\x2e/\x2e\x2e/x" | /etc/passwd | ~root
+ smtp
> 250 | MAIL FROM:<a@example.org>
> 250|50[01]|550|553 | RCPT TO:<${local}@acme.test>
> 250 | RCPT TO:<zhang@acme.test>
