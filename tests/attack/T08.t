# Handshakes that are none, or too much of one (CVE-2017-15130).
EACH endpoint smtp | imap | pop3
== not TLS at all
+ ${endpoint}
STARTTLS
STUFF 5 ${rep:100000:GET / HTTP/1.1\r\n}
DROPPED .*
== a hello without end
+ ${endpoint}
STARTTLS
C" \x16\x03\x01\x40\x00\x01\x00\xff\xff\x03\x03${rep:200000:\x00}
DROPPED .*
== a hello one byte at a time
+ ${endpoint}
STARTTLS
STUFF 10 ${rep:70000:\x16\x03\x01\x00\x01\x01}
DROPPED .*
== two hundred protocols and a long name
+ ${endpoint}
STARTTLS
TLS-LIKE 200
== closed within
+ ${endpoint}
STARTTLS
C" \x16\x03\x01\x02\x00\x01\x00
RESET
