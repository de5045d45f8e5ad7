"""A strict parser of IMAP server responses, and validators of what FETCH gives.

Written from RFC 3501 section 9 alone; it shares nothing with the server.

    parse_response(b'* 1 FETCH (FLAGS (\\Seen))\r\n')
        -> [Atom(b'*'), Atom(b'1'), Atom(b'FETCH'), [Atom(b'FLAGS'), [Atom(b'\\Seen')]]]

Strings are bytes, NIL is None, atoms and numbers are Atom (a kind of bytes),
lists are lists.  What breaks the grammar raises ResponseError.
"""

import re
import sys


class ResponseError(ValueError):
    """The bytes are no response that RFC 3501 allows."""


class Atom(bytes):
    """An atom or a number, as opposed to a string."""

    @property
    def is_number(self):
        return self.isdigit()


_ATOM = re.compile(rb'(?:[^\x00-\x20\x7f-\xff(){%*"\\\]\[]|\\(?=[A-Za-z*])|\*(?=\Z|[ )]))+')
_SECTION = re.compile(rb'\[[^\]\r\n]*\](?:<\d+>)?')
_LITERAL = re.compile(rb'~?\{(\d+)\}\r\n')
_QUOTED = re.compile(rb'"((?:[^\x00\r\n"\\\x80-\xff]|\\["\\])*)"')
_TEXT_STATUS = {b'OK', b'NO', b'BAD', b'BYE', b'PREAUTH'}


class Parser:
    """Reads values one behind the other out of data."""

    def __init__(self, data, at=0):
        self.data = data
        self.at = at

    def fail(self, what):
        near = self.data[max(0, self.at - 40):self.at + 40]
        raise ResponseError('%s at byte %d, near %r' % (what, self.at, near))

    def peek(self):
        return self.data[self.at:self.at + 1]

    def expect(self, token):
        if not self.data.startswith(token, self.at):
            self.fail('expected %r' % token)
        self.at += len(token)

    def string(self):
        if self.peek() == b'"':
            found = _QUOTED.match(self.data, self.at)
            if not found:
                self.fail('broken quoted string')
            self.at = found.end()
            return re.sub(rb'\\(.)', rb'\1', found.group(1), flags=re.S)
        found = _LITERAL.match(self.data, self.at)
        if not found:
            self.fail('broken literal')
        end = found.end() + int(found.group(1))
        if end > len(self.data):
            self.fail('literal longer than the data')
        text = self.data[found.end():end]
        if b'\0' in text and not found.group(0).startswith(b'~'):
            self.fail('NUL in a literal')
        self.at = end
        return text

    def atom(self):
        found = _ATOM.match(self.data, self.at)
        if not found:
            self.fail('expected an atom')
        self.at = found.end()
        word = found.group(0)
        section = _SECTION.match(self.data, self.at)
        if section and word.upper() in (b'BODY', b'BINARY', b'BINARY.SIZE'):
            self.at = section.end()
            word += section.group(0)
        return None if word.upper() == b'NIL' else Atom(word)

    def scalar(self):
        if self.peek() in (b'"', b'{', b'~'):
            return self.string()
        return self.atom()

    def value(self):
        """One value; nested lists are read without recursion."""
        stack = []
        current = None
        while True:
            if self.peek() == b'(':
                self.at += 1
                stack.append(current)
                current = []
                if self.peek() != b')':
                    continue
            elif current is None:
                return self.scalar()
            elif self.peek() != b')':
                current.append(self.scalar())
            while self.peek() == b')':
                self.at += 1
                done = current
                current = stack.pop()
                if current is None:
                    return done
                current.append(done)
            if self.peek() == b' ':
                self.at += 1
                if self.peek() in (b' ', b')', b''):
                    self.fail('a blank too many')
            elif self.peek() != b'(':
                self.fail('expected a blank or a parenthesis')


def read_response(data, at=0):
    """Parse the response at data[at:]; give (values, where the next one begins)."""
    parser = Parser(data, at)
    if data.startswith(b'+ ', at) or data.startswith(b'+\r\n', at):
        end = data.index(b'\r\n', at)
        return [Atom(b'+'), data[at + 2:end]], end + 2
    values = [Atom(b'*')]
    if data.startswith(b'* ', at):
        parser.expect(b'* ')
    else:
        values = [parser.atom()]
        parser.expect(b' ')
    while True:
        values.append(parser.value())
        if len(values) == 2 and values[1] in _TEXT_STATUS:
            end = data.find(b'\r\n', parser.at)
            if end < 0 or not data.startswith(b' ', parser.at):
                parser.fail('a status without text or line end')
            text = data[parser.at + 1:end]
            if not text or b'\r' in text or b'\n' in text or b'\0' in text:
                parser.fail('bad status text')
            return values + [text], end + 2
        if parser.peek() != b' ':
            break
        parser.expect(b' ')
    parser.expect(b'\r\n')
    return values, parser.at


def parse_response(data):
    """Parse exactly one response, its CRLF included."""
    values, end = read_response(data)
    if end != len(data):
        raise ResponseError('%d bytes behind the response' % (len(data) - end))
    return values


def parse_responses(data):
    """Parse all of data into a list of responses."""
    at, out = 0, []
    while at < len(data):
        values, at = read_response(data, at)
        out.append(values)
    return out


def fetch_items(values):
    """{name: value} of one parsed '* n FETCH (...)' response."""
    if len(values) != 4 or values[2] != b'FETCH' or not isinstance(values[3], list):
        raise ResponseError('no FETCH response: %r' % (values[:3],))
    names, items = values[3][0::2], values[3][1::2]
    if len(names) != len(items):
        raise ResponseError('FETCH item without value')
    return dict(zip(names, items))


def _need(condition, what, value):
    if not condition:
        raise ResponseError('%s: %r' % (what, value))


def _is_string(x):
    return isinstance(x, bytes) and not isinstance(x, Atom)


def _nstring(x, what):
    _need(x is None or _is_string(x), what + ' is no nstring', x)
    if x is not None:
        _need(b'\r' not in x and b'\n' not in x, what + ' contains a line end', x)


def _string(x, what):
    _need(_is_string(x), what + ' is no string', x)
    _need(b'\r' not in x and b'\n' not in x, what + ' contains a line end', x)


def _number(x, what):
    _need(isinstance(x, Atom) and x.is_number and int(x) < 2 ** 32, what + ' is no number', x)


def validate_addresses(x, what):
    """An address list of ENVELOPE: NIL or at least one address; groups in pairs."""
    if x is None:
        return
    _need(isinstance(x, list) and x, what + ' is neither NIL nor a list', x)
    in_group = False
    for address in x:
        _need(isinstance(address, list) and len(address) == 4, what + ' has a bad address',
              address)
        for field in address:
            _nstring(field, what)
        name, route, mailbox, host = address
        if host is None:
            _need(name is None and route is None, what + ' has a bad group mark', address)
            _need((mailbox is not None) != in_group, what + ' has groups that do not pair',
                  address)
            in_group = not in_group
        else:
            _need(mailbox is not None, what + ' has a host without mailbox', address)
    _need(not in_group, what + ' has a group without end', x)


def validate_envelope(x):
    """Raise ResponseError unless x is an envelope of RFC 3501."""
    _need(isinstance(x, list) and len(x) == 10, 'envelope has not ten fields', x)
    for i, what in ((0, 'date'), (1, 'subject'), (8, 'in-reply-to'), (9, 'message-id')):
        _nstring(x[i], what)
    for i, what in enumerate(('from', 'sender', 'reply-to', 'to', 'cc', 'bcc'), 2):
        validate_addresses(x[i], what)


def _params(x, what):
    if x is None:
        return
    _need(isinstance(x, list) and x and len(x) % 2 == 0, what + ' are no parameters', x)
    for field in x:
        _string(field, what)


def _extension(fields, what):
    """disposition, language, location; more is allowed by the grammar, not sent by us."""
    _need(len(fields) <= 3, what + ' has unknown extension data', fields)
    if len(fields) > 0 and fields[0] is not None:
        _need(isinstance(fields[0], list) and len(fields[0]) == 2, 'bad disposition', fields[0])
        _string(fields[0][0], 'disposition')
        _params(fields[0][1], 'disposition parameters')
    if len(fields) > 1 and isinstance(fields[1], list):
        _need(fields[1], 'empty language list', fields[1])
        for tag in fields[1]:
            _string(tag, 'language')
    elif len(fields) > 1:
        _nstring(fields[1], 'language')
    if len(fields) > 2:
        _nstring(fields[2], 'location')


def _leaf(x, extended):
    """Checks a body-type-1part; gives the body inside when it is a message."""
    _need(len(x) >= 7, 'part has too few fields', x)
    _string(x[0], 'media type')
    _string(x[1], 'media subtype')
    _params(x[2], 'parameters')
    _nstring(x[3], 'content id')
    _nstring(x[4], 'description')
    _string(x[5], 'encoding')
    _number(x[6], 'size')
    kind = (x[0].lower(), x[1].lower())
    _need(kind[0] != b'multipart', 'multipart without parts', x)
    at, inside = 7, None
    if kind == (b'message', b'rfc822'):
        _need(len(x) >= 10, 'message has too few fields', x)
        validate_envelope(x[7])
        inside = x[8]
        _number(x[9], 'lines')
        at = 10
    elif kind[0] == b'text':
        _need(len(x) >= 8, 'text has too few fields', x)
        _number(x[7], 'lines')
        at = 8
    _need(extended or len(x) == at, 'extension data in BODY', x)
    if len(x) > at:
        _nstring(x[at], 'md5')
        _extension(x[at + 1:], 'part')
    return inside


def _multipart(x, extended):
    """Checks a body-type-mpart; gives its parts."""
    count = 0
    while count < len(x) and isinstance(x[count], list):
        count += 1
    _need(count < len(x), 'multipart without subtype', x)
    _string(x[count], 'multipart subtype')
    rest = x[count + 1:]
    _need(extended or not rest, 'extension data in BODY', x)
    if rest:
        _params(rest[0], 'multipart parameters')
        _extension(rest[1:], 'multipart')
    return x[:count]


def validate_bodystructure(x, extended=True):
    """Raise ResponseError unless x is a body of RFC 3501.  Gives the number of parts."""
    waiting, count = [x], 0
    while waiting:
        body = waiting.pop()
        count += 1
        _need(isinstance(body, list) and body, 'body is no list', body)
        if isinstance(body[0], list):
            waiting.extend(_multipart(body, extended))
        else:
            inside = _leaf(body, extended)
            if inside is not None:
                waiting.append(inside)
    return count


def validate_fetch(values):
    """Validate what a FETCH response says of ENVELOPE, BODYSTRUCTURE and BODY."""
    items = fetch_items(values)
    if b'ENVELOPE' in items:
        validate_envelope(items[b'ENVELOPE'])
    if b'BODYSTRUCTURE' in items:
        validate_bodystructure(items[b'BODYSTRUCTURE'])
    if b'BODY' in items:
        validate_bodystructure(items[b'BODY'], extended=False)
    return items


def main():
    """Validate the FETCH responses on standard input."""
    count = 0
    for values in parse_responses(sys.stdin.buffer.read()):
        validate_fetch(values)
        count += 1
    print('%d responses are valid' % count)


if __name__ == '__main__':
    main()
