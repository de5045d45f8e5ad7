"""ENVELOPE, BODYSTRUCTURE and BODY are valid IMAP whatever the message.

    responses.py PROGRAM

PROGRAM is dump_digest.  Read are hostile messages made here and, where it is,
the corpus; imap_response.py judges.  It is first shown that it does judge.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import imap_response
from imap_response import ResponseError, parse_response, validate_fetch

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE_S = 10     # for one message; a hundredth of it is usual

BAD_RESPONSES = (
    b'', b'* 1 FETCH ()', b'* 1 FETCH (FLAGS ()\r\n', b'* 1 FETCH (A "x\r\n")\r\n',
    b'* 1 FETCH (A {3}\r\nab)\r\n', b'* 1 FETCH (A {2}\r\na\0)\r\n', b'* 1 FETCH (A  B)\r\n',
    b'* 1 FETCH (A "\xc3\xa9")\r\n', b'* 1 FETCH (A "\\x")\r\n', b'* 1 FETCH (A B)\r\n* BYE\r\n',
    b'* 1 FETCH (A B)x\r\n', b'* OK\r\n', b'* OK a\rb\r\n', b'* 1 FETCH (A B ))\r\n',
)
BAD_ENVELOPES = (
    b'NIL', b'(NIL NIL NIL NIL NIL NIL NIL NIL NIL)', b'(x NIL NIL NIL NIL NIL NIL NIL NIL NIL)',
    b'(NIL NIL () NIL NIL NIL NIL NIL NIL NIL)',
    b'(NIL NIL ((NIL NIL NIL)) NIL NIL NIL NIL NIL NIL NIL)',
    b'(NIL NIL ((NIL NIL "a" NIL)) NIL NIL NIL NIL NIL NIL NIL)',
    b'(NIL NIL ((NIL NIL NIL NIL)) NIL NIL NIL NIL NIL NIL NIL)',
    b'(NIL NIL ((NIL NIL NIL "b")) NIL NIL NIL NIL NIL NIL NIL)',
    b'(NIL {3}\r\na\r\n NIL NIL NIL NIL NIL NIL NIL NIL)',
)
BAD_STRUCTURES = (
    b'()', b'("text" "plain" NIL NIL NIL "7bit" 1)', b'("text" "plain" () NIL NIL "7bit" 1 1)',
    b'("text" "plain" ("a") NIL NIL "7bit" 1 1)', b'("text" "plain" NIL NIL NIL 7bit 1 1)',
    b'("text" "plain" NIL NIL NIL "7bit" -1 1)', b'("multipart" "mixed" NIL NIL NIL "7bit" 1)',
    b'("message" "rfc822" NIL NIL NIL "7bit" 1)', b'(("a" "b" NIL NIL NIL "7bit" 1))',
    b'("a" "b" NIL NIL NIL "7bit" 1 NIL x)', b'("a" "b" NIL NIL NIL "7bit" 99999999999)',
)

MULTI = b'Content-Type: multipart/mixed; boundary=%s\r\n\r\n'
NESTED = b'Content-Type: message/rfc822\r\n\r\n'
HOSTILE = (
    b'', b'\r\n', b'\0', b'\r', b'\n\n\0\r\r\n', b'From', b'From:', b'From: \xff\xfe\x80',
    b''.join(MULTI % (b'b%d' % i) + b'--b%d\r\n' % i for i in range(10000)),
    NESTED * 100000,
    MULTI % b'b' + b'--b\r\n\r\nx\r\n' * 9999 + b'--b\r\n' + NESTED + b'A: b\r\n\r\nx\r\n' * 5,
    MULTI % b'b' + (b'--b\r\n' + MULTI % b'b') * 1000,
    MULTI % b'bb' + b'--bb\r\n' + MULTI % b'b' + b'--b\r\n\r\nx\r\n--bb--\r\n--b--\r\n',
    MULTI % b'""' + b'--\r\n\r\nx\r\n----\r\n',
    b'To: ' + b'Some Body <a@b.c>, ' * 200000, b'To: a@b\r\n' * 100000,
    b'To: ' + b',' * 100000, b'From: "unterminated', b'From: a (x\\', b'From: <@',
    b'From: g:;\r\nTo: g: a@b, ;\r\nCc: a@b@c\r\nBcc: :::;;;', b'To: ' + b'g:' * 10000,
    b'To: "\\', b'To: "a\r\n\0b" <c\0d@e\0f>', b'Subject: x\r\n* BYE\r\n',
    b'Subject: =?utf-8?q?=0D=0A*_BYE?=', b'Subject: ' + b'\xe5\xbc\xa0' * 100000 + b'\xe5',
    b'From: =?utf-8?B?/w==?= <\x80@\x81>', b'Message-ID: <\r\n \xff\r\n>',
    b'Date: \0\xff"(\\', b'Subject: a\0b\rc\x7fd', b'In-Reply-To: ' + b'<a@b> ' * 100000,
    b'Content-Type: x/y' + b''.join(b'; a*%d=z' % i for i in range(100000)),
    b'Content-Type: x/y; a*99999999999=1; a*0*=\xff\xff\'\'%; ="; b="\\',
    b'Content-Type: "te/xt"/\xff; charset="\r\n\0"', b'Content-Type: multipart/\xff; boundary=b'
    b'\r\n\r\n--b\r\n\r\nx\r\n--b--', b'Content-Type: text/plain; name="\xd5\xc5\r\n\xc8\xfd"',
    b'Content-Disposition: "x"; y\r\nContent-Language: ,,\xff,a,b\r\nContent-Location: \xff\r\n\r\n',
    b'Content-Transfer-Encoding: \xff"\\\r\nContent-ID: \0\r\nContent-Description: \r\n\r\n',
    b'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD',
)


def must_fail(what, check, value):
    try:
        check(value)
    except (ResponseError, ValueError):
        return
    raise AssertionError('%s was taken for valid: %r' % (what, value))


def judge_the_judge():
    for data in BAD_RESPONSES:
        must_fail('response', parse_response, data)
    for name, values in ((b'ENVELOPE', BAD_ENVELOPES), (b'BODYSTRUCTURE', BAD_STRUCTURES)):
        for value in values:
            data = b'* 1 FETCH (%s %s)\r\n' % (name, value)
            must_fail('item', lambda d: validate_fetch(parse_response(d)), data)
    good = parse_response(b'* 1 FETCH (FLAGS (\\Seen $a) BODY[HEADER.FIELDS (TO)]<0> {2}\r\n\r\n)\r\n')
    assert good[3][3] == b'\r\n' and good[3][1] == [b'\\Seen', b'$a'], good
    assert parse_response(b'a1 OK [UIDNEXT 5] done\r\n')[2] == b'[UIDNEXT 5] done'
    assert parse_response(b'* LIST () "/" ()\r\n')[4] == []
    return len(BAD_RESPONSES) + len(BAD_ENVELOPES) + len(BAD_STRUCTURES)


def dump(program, files):
    return subprocess.run([program] + files, stdout=subprocess.PIPE, check=True,
                          timeout=DEADLINE_S * len(files)).stdout


def judge(program, files):
    """Responses of all files are valid; when they are not, say whose."""
    responses = imap_response.parse_responses(dump(program, files))
    assert len(responses) == len(files)
    for path, response in zip(files, responses):
        try:
            validate_fetch(response)
        except ResponseError as error:
            raise AssertionError('%s: %s' % (path, error)) from error


def judge_hostile(program):
    with tempfile.TemporaryDirectory() as where:
        for i, text in enumerate(HOSTILE):
            path = os.path.join(where, '%d.eml' % i)
            pathlib.Path(path).write_bytes(text)
            start = time.monotonic()
            judge(program, [path])
            took = time.monotonic() - start
            assert took < DEADLINE_S, 'hostile message %d took %.1f s' % (i, took)
    return len(HOSTILE)


def main():
    program = sys.argv[1]
    print('%d invalid responses were refused' % judge_the_judge())
    print('%d hostile messages give valid responses' % judge_hostile(program))
    corpus = pathlib.Path(os.environ.get('TRADEPOST_CORPUS', ROOT.parent / 'shared' / 'corpus'))
    files = sorted(str(p) for p in corpus.rglob('*') if p.suffix in ('.eml', '.mbox'))
    if not files:
        print('skipped: no corpus')
        return
    judge(program, files)
    print('%d messages of the corpus give valid responses' % len(files))


if __name__ == '__main__':
    main()
