# Who connects to a TLS port and says nothing loses its place after 30 seconds.
SLOW
WITHIN 50
== all at once
AS submissions
SILENT submissions
AS imaps
SILENT imaps
AS pop3s
SILENT pop3s
CLOCK
DROPPED .*
SLOWLY 25
AS imaps
DROPPED .*
AS submissions
DROPPED .*
FAST 38
