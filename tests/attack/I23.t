# Threads: chains, circles, references without number, subjects of answers to answers.
WITHIN 60
EACH header ${seq:900:<%@x> } | ${seq:9000:<%@x> } | <self@x> | ${rep:5000:<}
+ imaps wang
> OK|NO \[ALREADY | CREATE I23
PUT I23 Message-ID: <self@x>\r\nReferences: ${header}\r\nSubject: ${rep:20000:Re: }x\r\n\r\n
PUT I23 Message-ID: <a@x>\r\nReferences: <b@x>\r\nSubject: ${rep:10000:[}x\r\n\r\n
PUT I23 Message-ID: <b@x>\r\nReferences: <c@x>\r\nSubject: x\r\n\r\n
PUT I23 Message-ID: <c@x>\r\nReferences: <a@x>\r\nIn-Reply-To: <c@x>\r\nSubject: (fwd)\r\n\r\n
PUT I23 Message-ID: <c@x>\r\nReferences: <c@x> <c@x> <a@x>\r\nSubject: Re: x (fwd)\r\n\r\n
> OK | SELECT I23
CLOCK
> OK | THREAD REFERENCES UTF-8 ALL
SAID \* THREAD [ ()12345]+$
> OK | THREAD ORDEREDSUBJECT UTF-8 ALL
SAID \* THREAD [ ()12345]+$
> OK | SORT (SUBJECT FROM TO CC DATE ARRIVAL SIZE) UTF-8 ALL
> BAD|NO | SORT (${rep:1000:SUBJECT }DATE) UTF-8 ALL
> BAD|NO | SORT (REVERSE) UTF-8 ALL
> BAD|NO | THREAD NONSENSE UTF-8 ALL
FAST 10
> OK | UNSELECT
> OK | DELETE I23
