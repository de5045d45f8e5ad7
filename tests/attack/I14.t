# CVE-2026-27859: parameters in pieces.
WITHIN 60
EACH parameters ${seq:100000:; a*%=x} | ; a*99999999999=x; a*0=y | ; a*1=x | ${rep:100000:;} | ; a*0*=utf-8''%; a*1*=%4 | ; a="${rep:50000:\\"}"
+ imaps wang
> OK|NO \[ALREADY | CREATE I14
PUT I14 MIME-Version: 1.0\r\nContent-Type: x/y; a*0=x${parameters}\r\nContent-Disposition: attachment${parameters}\r\n\r\nx
> OK | SELECT I14
CLOCK
> OK | FETCH * (BODYSTRUCTURE BODY)
FAST 10
> OK | UNSELECT
> OK | DELETE I14
