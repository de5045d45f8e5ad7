# Without QUIT nothing is deleted.
EACH end END | RESET | FINISH
+ imaps wang
PUT INBOX ${message}\r\nx
+ pop3s wang
> \+OK | DELE 1
> \+OK | DELE 2
${end}
MAIL wang 1
