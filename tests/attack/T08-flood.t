# Many handshakes at once, most of them never finished.
WITHIN 40
LINES 6
EACH endpoint submissions | imaps | pop3s
CROWD-OF-TCP 100 ${endpoint} \x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03
SERVED 5
