# Passwords too long to be one are not hashed, however many come at once.
WITHIN 40
CROWD 10 submissions EHLO a\r\nAUTH PLAIN ${b64:\x00zhang@acme.test\x00${rep:6000:xxxxxxxx}}\r\n
CROWD 10 pop3s USER zhang@acme.test\r\nPASS ${rep:1048576:x}\r\n
CROWD 10 imaps a LOGIN zhang@acme.test {1048576+}\r\n${rep:8192:x}
SERVED 3
+ imaps li
