# ID has limits (RFC 2971), and knows no lists in lists.
EACH who imaps | imaps zhang
+ ${who}
> NO|BAD | ID (${rep:1000:"k" "v" }"k" "v")
> BAD|NO | ID ("k" "${rep:2000:v}")
+ ${who}
> BAD|NO | ID (("k" "v"))
> BAD|NO | ID ("k")
+ ${who}
> OK | ID ("name" NIL)
> OK | ID NIL
