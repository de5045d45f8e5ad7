# Connections that do not log in have places of their own: who is logged in goes on, others log in.
SET imap.connections=200 pop3.clients_max=200
WITHIN 60
LINES 6
AS inside
+ imaps wang
MOVE
CROWD 250 imap
CROWD 250 pop3
CROWD 100 smtp
MOVE
AS inside
> OK | SELECT INBOX
SERVED 5
AS new
+ imaps li
+ pop3s li
