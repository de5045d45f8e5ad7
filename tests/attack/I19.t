# Names are keys, never paths.
EACH name ../x | /etc | a//b | a/./b | INBOX/../.. | &AC4ALg-/x | ${rep:10000:x} | ${rep:1000:a/}a | . | .. |  | / | a*b | a%b | a/.. | &AAA-
+ imaps zhang
> NO | CREATE "${name}"
> NO | SELECT "${name}"
> NO | RENAME INBOX "${name}"
> NO | STATUS "${name}" (MESSAGES)
> NO | DELETE "${name}"
> NO | APPEND "${name}" {1+}\r\nx
> OK | LIST "" "${name}"
COUNT 0 .*\.\.
