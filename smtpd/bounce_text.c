#include "smtpd/bounce_text.h"

#include "base/slice.h"

#define ASK_ADMIN_ZH "请把这封通知转给本公司的邮件管理员。"
#define ASK_ADMIN_EN "Please pass this notice on to your mail administrator."

/* Exact codes before their subjects, and the row for all the rest last. */
static const struct bounce_reason reasons[] = {
	{ "1.1", "对方服务器上没有这个收件人。", "请检查 @ 前面的部分有没有写错，或用电话等方式向对方确认地址。",
	    "The other server knows no such recipient.",
	    "Check the part before the @ for mistakes, or ask the recipient by other means." },
	{ "1.2", "地址中 @ 后面的域名不存在。", "请检查 @ 后面的部分有没有写错。",
	    "The domain behind the @ does not exist.",
	    "Check the part behind the @ for mistakes." },
	{ "1.6", "收件人的邮箱已经搬走。", "请用其他方式向对方询问新地址。",
	    "The recipient's mailbox has moved.", "Ask the recipient for the new address." },
	{ "1.7", "对方服务器不接受您的发件地址。", ASK_ADMIN_ZH,
	    "The other server does not accept your address as sender.", ASK_ADMIN_EN },
	{ "1.8", "对方服务器不接受您的发件地址。", ASK_ADMIN_ZH,
	    "The other server does not accept your address as sender.", ASK_ADMIN_EN },
	{ "1.10", "地址中 @ 后面的域名声明自己不收邮件。", "请检查 @ 后面的部分有没有写错，或向对方询问另一个地址。",
	    "The domain behind the @ says that it takes no mail.",
	    "Check the part behind the @ for mistakes, or ask for another address." },
	{ "1.", "对方服务器不接受这个收件地址。", "请检查地址有没有写错，或用电话等方式向对方确认。",
	    "The other server does not accept the recipient's address.",
	    "Check the address for mistakes, or ask the recipient by other means." },
	{ "2.1", "对方的邮箱已经停用。", "请用其他方式联系对方，询问另一个地址。",
	    "The recipient's mailbox is disabled.",
	    "Contact the recipient by other means and ask for another address." },
	{ "2.2", "对方的邮箱已满。", "请用其他方式通知对方清理邮箱，然后再发一次。",
	    "The recipient's mailbox is full.",
	    "Tell the recipient by other means to make room, then send the message again." },
	{ "2.3", "邮件太大，对方的邮箱不收。", "请压缩附件或分成几封发送，也可以改发下载链接。",
	    "The message is too large for the recipient's mailbox.",
	    "Make the attachments smaller, send them in several messages, or send a link." },
	{ "2.", "对方的邮箱现在不能收信。", "请稍后再发一次；如果仍然不行，请用其他方式联系对方。",
	    "The recipient's mailbox cannot take mail.",
	    "Send it again later; if that fails, contact the recipient by other means." },
	{ "3.4", "邮件太大，对方服务器不收。", "请压缩附件或分成几封发送，也可以改发下载链接。",
	    "The message is too large for the other server.",
	    "Make the attachments smaller, send them in several messages, or send a link." },
	{ "3.5", "本公司邮件系统的外发设置有误。", ASK_ADMIN_ZH,
	    "The way out of our own mail system is not set up well.", ASK_ADMIN_EN },
	{ "3.", "对方的邮件系统现在不收这封邮件。", "请稍后再发一次；如果仍然不行，请用其他方式联系对方。",
	    "The other mail system does not take the message.",
	    "Send it again later; if that fails, contact the recipient by other means." },
	{ "4.3", "查询对方域名时，域名服务器没有给出可用的回答。", "请检查 @ 后面的部分有没有写错，稍后再发一次。",
	    "The domain name system gave no usable answer about the recipient's domain.",
	    "Check the part behind the @ for mistakes and send the message again later." },
	{ "4.6", "邮件在服务器之间兜圈子。", ASK_ADMIN_ZH, "The message goes round in circles.",
	    ASK_ADMIN_EN },
	{ "4.", "与对方服务器的连接不通，或对方没有及时回答。", "请稍后再发一次；如果很急，请用其他方式联系对方。",
	    "The other server could not be reached, or did not answer in time.",
	    "Send it again later; if it is urgent, contact the recipient by other means." },
	{ "5.3", "对方服务器一次收不了这么多收件人。", "请减少收件人，分几次发送。",
	    "The other server does not take so many recipients at one time.",
	    "Send the message to fewer recipients at a time." },
	{ "6.3", "对方服务器只收 7 位文本，这封邮件无法转换。", ASK_ADMIN_ZH,
	    "The other server takes 7-bit text only, and the message is none.", ASK_ADMIN_EN },
	{ "6.7", "地址中有非英文字符，对方服务器不支持。", "请向对方询问一个只用英文字母的地址。",
	    "The address is not plain ASCII, and the other server cannot handle that.",
	    "Ask the recipient for an address in plain Latin letters." },
	{ "6.", "对方服务器拒收这封邮件的内容。", "请检查附件和正文，改动后再发一次。",
	    "The other server refuses the contents of the message.",
	    "Look at attachments and text, change them and send the message again." },
	{ "7.4", "对方服务器不能按要求加密连接。", ASK_ADMIN_ZH,
	    "No encrypted connection to the other server, as it is demanded.", ASK_ADMIN_EN },
	{ "7.5", "与对方服务器建立加密连接时失败。", ASK_ADMIN_ZH,
	    "The encrypted connection to the other server failed.", ASK_ADMIN_EN },
	{ "7.8", "外发服务器不接受本公司的登录名或密码。", ASK_ADMIN_ZH,
	    "The server for outgoing mail does not accept our login.", ASK_ADMIN_EN },
	{ "7.", "对方服务器按自己的规则拒收，常见原因是把邮件当成了垃圾邮件。",
	    "请改写主题和正文，去掉可疑的链接和附件后再发；如果还是被拒，" ASK_ADMIN_ZH,
	    "The other server refuses the message by its rules, often because it takes it for spam.",
	    "Reword it, leave out links and attachments and send it again; if that is refused, too: "
	    ASK_ADMIN_EN },
	{ "", "对方服务器没有收下这封邮件。", "请看下面对方服务器的回答；如果不明白，" ASK_ADMIN_ZH,
	    "The other server did not take the message.",
	    "Look at its answer below; if it tells you nothing: " ASK_ADMIN_EN },
};

const struct bounce_reason *
bounce_reason(const char *enhanced)
{
	struct slice code = slice_skip(slice_from_cstr(enhanced), 2);

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct slice row = slice_from_cstr(reasons[i].code);

		if (slice_ends(row, SLICE(".")) ? slice_starts(code, row) : slice_equal(code, row))
			return &reasons[i];
	}
	return &reasons[ARRAY_LEN(reasons) - 1];
}
