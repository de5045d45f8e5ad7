"""The lint checks find what they are for, and nothing else."""

import contextlib
import io
import os
import tempfile
import unittest

import documented
import includes
import paths
import sizes
import source
import words


class Lint(unittest.TestCase):
    def run_on(self, module, path, text):
        """Problems of a tree that holds one file."""
        with tempfile.TemporaryDirectory() as root:
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full))
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
            with contextlib.redirect_stdout(io.StringIO()):
                return list(module.check(root))

    def assert_counts(self, module, cases):
        for path, text, count in cases:
            with self.subTest(path=path, text=text[:60]):
                found = self.run_on(module, path, text)
                self.assertEqual(len(found), count, found)

    def test_arrows_point_one_way(self):
        self.assert_counts(includes, [
            ("base/a.c", '#include "base/b.h"\n', 0),
            ("base/a.c", '#include "net/b.h"\n', 1),
            ("net/a.c", '#include "mime/b.h"\n', 1),
            ("mime/a.c", '#include "wire/b.h"\n', 1),
            ("store/a.c", '#include "mime/b.h"\n#include <lmdb.h>\n', 0),
            ("store/a.h", '#include "policy/client.h"\n', 1),
            ("policy/a.c", '#include "store/client.h"\n#include <lmdb.h>\n', 1),
            ("smtpd/a.c", '#include "policy/client.h"\n#include "policy/protocol.h"\n', 0),
            ("smtpd/a.c", '#include "policy/directory.h"\n', 1),
            ("pop3d/a.c", '#include "imapd/session.h"\n', 1),
            ("tools/a.c", '#include "store/client.h"\n', 0),
            ("tests/fuzz/a.c", '#include "imapd/parse.h"\n', 0),
            ("net/a.c", '#include "conn.h"\n', 1),
            ("net/a.c", '#include "../base/buf.h"\n', 1),
            ("net/a.c", '/*\n#include "mime/b.h"\n*/\n', 0),
        ])

    def test_test_headers_stay_in_tests(self):
        self.assert_counts(includes, [
            ("net/a_test.c", '#include "base/check.h"\n', 0),
            ("net/a.c", '#include "base/check.h"\n', 1),
            ("net/a_test.c", "#include <cmocka.h>\n", 1),
            ("base/check.h", "#include <cmocka.h>\n", 0),
        ])

    def test_every_function_is_documented(self):
        self.assert_counts(documented, [
            ("net/a.h", "int f(void);\n", 1),
            ("net/a.h", "/* Says. */\nint f(void);\nint g(void);\n", 0),
            ("net/a.h", "/* Says. */\nint f(void);\n\nint g(void);\n", 1),
            ("net/a.h", "int f(int a,\n    int b);\t/* says */\n", 0),
            ("net/a.h", "/*\n * Says.\n */\nint f(int a)\n    __attribute__((format(x, 1, 2)));\n", 0),
            ("net/a.h", "static inline int\nf(void)\n{\n\treturn g(); /* not above */\n}\n", 1),
            ("net/a.h", "struct a {\n\tint (*f)(void);\n};\nenum b { X = (1) };\n", 0),
            ("net/a.h", "#define A(x) \\\n\tf(x)\ntypedef int (*fn)(void);\n", 0),
            ("net/a.c", "int f(void);\n", 0),
        ])

    def test_what_grows_too_long_is_found(self):
        def function(lines):
            return "static int\nf(void)\n{\n" + "\tg(\"}\");\n" * (lines - 4) + "}\n"
        self.assert_counts(sizes, [
            ("net/a.c", function(100), 0),
            ("net/a.c", function(101), 1),
            ("net/a.c", "static const int t[] = {\n" + "\t1,\n" * 150 + "};\n", 0),
            ("net/a.c", "\n" * 1200, 0),
            ("net/a.c", "\n" * 1201, 1),
            ("tests/a.py", "def f():\n" + "    g()\n" * 99, 0),
            ("tests/a.py", "def f():\n" + "    g()\n" * 100, 1),
        ])

    def test_bad_words_are_found(self):
        self.assert_counts(words, [
            ("net/a.c", "/* TO" + "DO: later */\n", 1),
            ("net/a.c", 'char t[] = "/tmp/a-XXXXXX";\n', 0),
            ("net/a.c", "\tstrcpy(a, b);\n", 1),
            ("net/a.c", "\tsnprintf(a, 1, b);\n\tvsnprintf(a, 1, b, c);\n", 0),
            ("net/a.c", "/* unlike strcpy(a, b) */\nchar s[] = \"sprintf(\";\n", 0),
            ("net/a.c", "#include <ctype.h>\n", 1),
            ("docs/a.md", "Co-" + "Authored-By: x\n", 1),
        ])

    def test_documents_name_what_is_there(self):
        self.assert_counts(paths, [
            ("docs/a.md", "`docs/a.md`, `docs/*.md`, `docs/`, `docs/a` [b](a.md)", 1),
            ("docs/a.md", "`docs/b.md`", 1),
            ("docs/a.md", "`docs/b*.md`", 1),
            ("docs/a.md", "`tls/ca.pem`, `./docs/b`, `-/+ERR`", 0),
            ("docs/a.md", "[b](b.md)", 1),
            ("docs/a.md", "[b](http://b.example/b.md) [c](#c)", 0),
        ])

    def test_comments_and_strings_do_not_confuse_each_other(self):
        self.assertEqual(source.without_comments('a "/*" b /* " */ c'), 'a "/*" b         c')
        self.assertEqual(source.code_only("'\"' /* x */ \"y\""), "' '         \" \"")


if __name__ == "__main__":
    unittest.main(argv=["lint_test"])
