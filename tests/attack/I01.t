# CVE-2019-11500: NUL, and strings that do not end.
EACH text LOGIN "a\x00b" "c\x00" | LOGIN "a" "b\\ | LOGIN "a\\ | LOGIN "a\\q" b | LOGIN a | LOGIN a b c | LOGIN "a"b | LOGIN (a) b | LOGIN a\rb c | LOGIN {3+}\r\na\x00b c | AUTHENTICATE "PLAIN\x00" | \x00 | "
== before login
+ imaps
> BAD|\* BAD|NO | ${text}
> OK | NOOP
== selected
+ imaps zhang
> OK | SELECT INBOX
> BAD|\* BAD | ${text}
> OK | NOOP
