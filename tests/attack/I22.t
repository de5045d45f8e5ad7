# A mailbox cannot become its own child, and INBOX stays.
AS first
+ imaps wang
> OK | CREATE I22/a
> NO | RENAME I22 I22/a/b
> NO | RENAME I22 I22/a
> NO | RENAME I22 INBOX/../I22
> NO \[ALREADYEXISTS\] | RENAME I22/a I22
> NO | RENAME nowhere I22/b
> NO | DELETE INBOX
> OK | SELECT I22/a
AS other
+ imaps wang
> OK | RENAME I22/a I22/b
> OK | DELETE I22/b
AS first
> OK|NO | NOOP
> OK|NO|BAD | FETCH 1:* FLAGS
AS other
> OK | DELETE I22
> OK | SELECT INBOX
