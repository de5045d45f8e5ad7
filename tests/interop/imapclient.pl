# A day's work by Mail::IMAPClient; prints what it saw, a fact a line.
#   imapclient.pl PORT CA LOGIN PASSWORD
use strict;
use warnings;
use IO::Socket::SSL;
use Mail::IMAPClient;

my ($port, $ca, $login, $password) = @ARGV;
my $folder = 'perl &W6JiNw-';    # 客户 in modified UTF-7
my $imap = Mail::IMAPClient->new(
    Server => 'localhost', Port => $port, User => $login, Password => $password, Uid => 1,
    Ssl => [SSL_ca_file => $ca, SSL_verify_mode => SSL_VERIFY_PEER], Ignoresizeerrors => 0,
    Timeout => 60,
) or die "no login: $@\n";

# What a call gave; it must have given something.
sub must {
    my ($what, @got) = @_;
    die "$what: ", $imap->LastError, "\n" unless @got && defined $got[0];
    return wantarray ? @got : $got[0];
}

sub fact {
    print join(' ', map { defined ? $_ : 'undef' } @_), "\n";
}

fact('authenticated', $imap->IsAuthenticated);
fact('idle', $imap->has_capability('IDLE') ? 'yes' : 'no');
fact('separator', must('separator', $imap->separator));
fact('folders', sort grep { !/^perl/ } must('folders', $imap->folders));
must('create', $imap->create($folder));
fact('exists', $imap->exists($folder) ? 'yes' : 'no');
must('subscribe', $imap->subscribe($folder));
fact('subscribed', (grep { $_ eq $folder } $imap->subscribed) ? 'yes' : 'no');

my $text = "From: Ann <ann\@example.org>\r\nTo: $login\r\nSubject: number %d\r\nDate: Tue, 24 Nov 2026 10:36:51 +0800\r\n"
    . "Message-ID: <%d\@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    . "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nbody %d\r\n"
    . "--b\r\nContent-Type: application/octet-stream; name=\"a.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n";
my @uids = map { must('append', $imap->append_string($folder, sprintf($text, $_, $_, $_), '\\Seen', '24-Nov-2026 10:36:51 +0800')) } 1 .. 5;
fact('uids', @uids);

must('select', $imap->select($folder));
fact('count', must('count', $imap->message_count));
fact('uidvalidity', $imap->uidvalidity($folder) > 0 ? 'positive' : 'none');
fact('status', $imap->status($folder, 'MESSAGES') ? 'yes' : 'no');
fact('string', $imap->message_string($uids[2]) eq sprintf($text, 3, 3, 3) ? 'same' : 'other');
fact('size', $imap->size($uids[0]) == length sprintf($text, 1, 1, 1) ? 'right' : 'wrong');
fact('subject', must('subject', $imap->subject($uids[1])));
fact('date', must('internaldate', $imap->internaldate($uids[1])));
my $headers = must('headers', $imap->parse_headers(\@uids, 'Subject', 'From'));
fact('headers', map { $headers->{$_}{Subject}[0] } @uids);
my $envelope = must('envelope', $imap->get_envelope($uids[0]));
fact('envelope', $envelope->subject, $envelope->messageid, $envelope->from_addresses);
my $structure = must('structure', $imap->get_bodystructure($uids[0]));
fact('structure', $structure->bodytype, $structure->bodysubtype, $structure->parts);
fact('part', must('part', $imap->bodypart_string($uids[0], 2)));

fact('search', must('search', $imap->search(SUBJECT => \'number 4')));
fact('since', scalar @{[$imap->since('24-Nov-2026')]});
must('flag', $imap->set_flag('Flagged', $uids[0], $uids[1]));
must('keyword', $imap->set_flag('Ordered', $uids[0]));
fact('flagged', must('flagged', $imap->search('FLAGGED')));
fact('flags', sort grep { $_ ne '\\Recent' } $imap->flags($uids[0]));
fact('unseen', $imap->unseen_count // 0);
must('deny', $imap->deny_seeing([$uids[4]]));
fact('unseen', $imap->unseen_count);

must('copy', $imap->copy("$folder", $uids[0]));
fact('copied', $imap->message_count);
must('create', $imap->create("$folder/done"));
must('move', $imap->move("$folder/done", [$uids[1], $uids[2]]));
$imap->expunge;
fact('moved', $imap->message_count, $imap->message_count("$folder/done"));
must('delete', $imap->delete_message([$uids[3]]));
must('expunge', $imap->expunge);
my @left = must('messages', $imap->messages);
fact('left', scalar @left);

must('select', $imap->select('INBOX'));
my $idle = must('idle', $imap->idle);
$| = 1;
print "waiting\n";
my @told = ();
for (1 .. 60) { push @told, @{ $imap->idle_data(1) || [] }; last if grep { /EXISTS/ } @told; }
must('done', $imap->done($idle));
fact('idled', (grep { /EXISTS/ } @told) ? 'yes' : 'no');

must('rename', $imap->rename("$folder/done", "$folder/over"));
must('delete', $imap->delete("$folder/over"));
must('select', $imap->select('INBOX'));
must('delete', $imap->delete($folder));
must('unsubscribe', $imap->unsubscribe($folder));
fact('gone', $imap->exists($folder) ? 'no' : 'yes');
must('logout', $imap->logout);
