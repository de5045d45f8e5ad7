"""Compare our part trees with GMime's over the corpus.

    oracle.py PROGRAM [FILE...]

Every message in which the two differ must fall in one of the classes below,
each of which docs/deviations.md explains.  Without files the corpus is read;
where there is none, the test says "skipped" and exits with 77.
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77


class Difference:
    """What the program said of one file: the first part the two saw differently."""

    def __init__(self, line):
        self.path, self.ours, self.theirs = line.split('\t')
        data = pathlib.Path(self.path).read_bytes().replace(b'\r\n', b'\n')
        self.text = data.replace(b'\n', b'\r\n')
        self.header = self.text.split(b'\r\n\r\n', 1)[0]

    @staticmethod
    def parts_of(line):
        """(depth, type, size, hash) of a leaf; size is None for what is no leaf."""
        words = line.split(' ')
        if len(words) == 4:
            return words[0], words[1], int(words[2]), words[3]
        return (words + [''])[0], (words + [''])[1], None, None


def has_no_part(d, ours, theirs):
    return theirs[2] is None and ours[:2] == theirs[:2] and ours[1].startswith('multipart/')


def has_no_subtype(d, ours, theirs):
    return ours[1].endswith('/') and theirs[1] == 'application/octet-stream' and \
        ours[2:] == theirs[2:]


def ends_in_delimiter(d, ours, theirs):
    return ours[1] == theirs[1] and theirs[2] == ours[2] + 1 and not d.text.endswith(b'\n')


def ends_in_soft_break(d, ours, theirs):
    return ours[1] == theirs[1] and theirs[2] == ours[2] + 1 and \
        re.search(rb'=\r\n(\r\n)?--', d.text)


def has_blanks_in_qp(d, ours, theirs):
    return ours[1] == theirs[1] and theirs[2] > ours[2] and \
        b'quoted-printable' in d.text.lower() and re.search(rb'[ \t](\r\n|\Z)', d.text)


def has_short_base64(d, ours, theirs):
    return ours[1] == theirs[1] and theirs[2] < ours[2] <= theirs[2] + 2 and \
        b'base64' in d.text.lower()


def has_two_types(d, ours, theirs):
    return len(re.findall(rb'(?mi)^content-type:', d.header)) > 1 and ours[0] == '0'


def has_no_empty_line(d, ours, theirs):
    lines = d.header.split(b'\r\n')[1:]
    return ours[0] == '0' and any(not line.strip() or not re.match(rb'[ \t]|[!-9;-~]+[ \t]*:', line)
                                  for line in lines)


def has_no_header(d, ours, theirs):
    return theirs[0] == '' and not re.match(rb'[!-9;-~]+[ \t]*:', d.text)


def has_empty_message(d, ours, theirs):
    return ours[1:3] == ('text/plain', 0) and b'message/' in d.text.lower()


def is_news(d, ours, theirs):
    return ours[1] == 'message/news' and theirs[1] == 'message'


def has_padded_delimiter(d, ours, theirs):
    return re.search(rb'\r\n--[^\r\n]*[ \t]\r\n', d.text) and \
        re.search(rb'(?i)content-type: multipart', d.text)


def has_junk_behind_delimiter(d, ours, theirs):
    found = re.search(rb'boundary="([^"]+)"', d.text)
    return found and re.search(rb'\r\n--' + re.escape(found.group(1)) + rb'--\S', d.text)


# The first that fits is taken.  The names are those of docs/deviations.md.
CLASSES = (
    ('multipart-without-parts', has_no_part),
    ('type-without-subtype', has_no_subtype),
    ('message-news', is_news),
    ('text-without-header', has_no_header),
    ('header-without-end', has_no_empty_line),
    ('two-content-types', has_two_types),
    ('empty-message', has_empty_message),
    ('delimiter-at-the-end', ends_in_delimiter),
    ('soft-break-at-the-end', ends_in_soft_break),
    ('blanks-in-quoted-printable', has_blanks_in_qp),
    ('short-base64', has_short_base64),
    ('junk-behind-delimiter', has_junk_behind_delimiter),
    ('padded-delimiter', has_padded_delimiter),
)


def class_of(d):
    ours, theirs = d.parts_of(d.ours), d.parts_of(d.theirs)
    for name, fits in CLASSES:
        try:
            if fits(d, ours, theirs):
                return name
        except TypeError:      # one of the two is no leaf: a rule on sizes does not fit
            continue
    return None


def corpus_files():
    where = os.environ.get('TRADEPOST_CORPUS', ROOT.parent / 'shared' / 'corpus')
    return sorted(str(p) for p in pathlib.Path(where).rglob('*') if p.suffix in ('.eml', '.mbox'))


def main():
    program, files = sys.argv[1], sys.argv[2:] or corpus_files()
    if not files:
        print('skipped: no corpus')
        return SKIPPED
    said = subprocess.run([program] + files, stdout=subprocess.PIPE, check=True).stdout
    counts, unknown = {}, 0
    explained = (ROOT / 'docs' / 'deviations.md').read_text()
    for line in said.decode('utf-8', 'replace').splitlines():
        d = Difference(line)
        name = class_of(d)
        counts[name] = counts.get(name, 0) + 1
        if name is None or '`%s`' % name not in explained:
            print('unexplained: %s: ours "%s", GMime "%s"' % (d.path, d.ours, d.theirs))
            unknown += 1
    for name, count in sorted(counts.items(), key=str):
        print('%4d %s' % (count, name))
    print('%d messages, %d differ, %d unexplained' % (len(files), sum(counts.values()), unknown))
    return 1 if unknown else 0


if __name__ == '__main__':
    sys.exit(main())
