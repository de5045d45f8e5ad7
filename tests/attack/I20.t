# One mailbox has one name.
+ imaps wang
> NO \[ALREADYEXISTS\] | CREATE InBoX
> OK | CREATE "caf\xc3\xa9 I20"
> NO \[ALREADYEXISTS\] | CREATE "cafe\xcc\x81 I20"
> NO \[ALREADYEXISTS\] | CREATE "caf&AOk- I20"
> NO | CREATE "&ImIi-"
> NO | CREATE "&AGE-"
> NO | CREATE "&2D0-"
> OK | CREATE "R&D I20"
> NO \[ALREADYEXISTS\] | CREATE "R&-D I20"
> OK | DELETE "R&-D I20"
> OK | DELETE "caf&AOk- I20"
