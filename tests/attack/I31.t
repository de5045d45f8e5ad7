# Tags are not echoed unless they are tags; commands in a wrong state are BAD.
EACH tag  | + | ( | ${rep:65:x} | * | " | \\ | { | \x7f | %
+ imaps zhang
C" ${tag} NOOP\r\n
S: /\* BAD .*/
> OK | NOOP
