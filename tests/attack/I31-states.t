# Commands in a wrong state, and many of them at once.
== before login
+ imaps
> BAD | SELECT INBOX
> BAD | FETCH 1 FLAGS
C" t9 APPEND INBOX {3+}\r\nabc\r\n
DROPPED .*BAD [^\n]*\r\n.*
== authenticated
+ imaps zhang
> BAD | FETCH 1 FLAGS
> BAD | STORE 1 +FLAGS (\\Seen)
> BAD | SEARCH ALL
> BAD | CLOSE
> BAD | EXPUNGE
> BAD | UID COPY 1 INBOX
> BAD | CHECK
> BAD | UNSELECT
> BAD | LOGIN zhang@acme.test "${password:zhang}"
> BAD | AUTHENTICATE PLAIN
> BAD | STARTTLS
> OK | NOOP
== pipelined
+ imaps zhang
C" ${rep:300:a SELECT INBOX\r\na FETCH 1 FLAGS\r\na UNSELECT\r\n}
> OK | NOOP
== twenty mistakes in a row
+ imaps zhang
C" ${rep:30:a NONSENSE\r\n}
DROPPED .*BYE Too many bad commands\r\n
