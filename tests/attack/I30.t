# The mailboxes of others: the same answer whether they are there or not.
EACH name Other Users/li | Other Users/nobody | user/li/INBOX | user.nobody.INBOX | li@acme.test/INBOX | ~li/INBOX | #shared/li | ../li/INBOX
+ imaps zhang
> NO \[(NONEXISTENT|CANNOT)\] | SELECT "${name}"
> NO \[(NONEXISTENT|CANNOT)\] | EXAMINE "${name}"
> NO \[(NONEXISTENT|CANNOT)\] | STATUS "${name}" (MESSAGES)
> NO \[(NONEXISTENT|TRYCREATE|CANNOT)\] | APPEND "${name}" {1+}\r\nx
> NO \[(NONEXISTENT|CANNOT)\] | DELETE "${name}"
> NO \[(NONEXISTENT|CANNOT)\] | RENAME "${name}" mine
> OK | LIST "" "${name}"
COUNT 0 \* LIST
> OK | SELECT INBOX
> NO \[(NONEXISTENT|TRYCREATE|CANNOT)\] | COPY 1 "${name}"
> BAD | GETACL INBOX
> BAD | GETMETADATA "${name}" /private/comment
> BAD | GENURLAUTH "imap://li@acme.test/INBOX/;uid=1"
