# Sizes of literals are checked before anything is allocated.
== before login
+ imaps
> BAD \[TOOBIG\] | LOGIN {4294967295}
> BAD | LOGIN {18446744073709551616}
== before login, small ones
+ imaps
> BAD | LOGIN {-1}
> BAD \[TOOBIG\] | LOGIN {4097}
== numbers with zeros
+ imaps
> \+ | LOGIN {007}
C" 1234567 {0}\r\n
R \+
C" \r\n
R NO
== not waiting
+ imaps
C" t LOGIN {9999999999+}\r\n
DROPPED \* BYE [^\n]*\r\n
== after login
+ imaps zhang
> NO \[TOOBIG\] | SELECT {65537}
> NO \[TOOBIG\] | APPEND INBOX {18446744073709551616}
> BAD|NO | SELECT {-1}
> NO|BAD | SELECT {0+}\r\n
> NO | SELECT {007+}\r\nnowhere
C" t APPEND INBOX {18446744073709551616+}\r\n
DROPPED \* BYE [^\n]*\r\n
