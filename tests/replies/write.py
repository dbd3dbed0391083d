#!/usr/bin/env python3
"""Writes the replies of this folder and verdicts.toml, the table of what each of them says.

Every reply is invented, in the form in which its mail program writes one: headers, charset, transfer encoding, how it quotes
our request and where its writer types. `python3 write.py` writes the same bytes every time. The test that reads them is
src/notice/answer/table.rs; a reply that was misread in the field belongs here, with invented words.
"""
import base64, html, os, quopri, re, textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
NOTICES = os.path.join(HERE, "..", "notices")
OURS = "Sekisho <sekisho@sekisho.example.co.jp>"
JA = open(os.path.join(NOTICES, "request.ja.txt"), encoding="utf-8").read().split("\n\n", 1)[1]
EN = open(os.path.join(NOTICES, "request.en.txt"), encoding="utf-8").read().split("\n\n", 1)[1]
SUBJECT = {"ja": "[承認依頼] 業務委託の件", "en": "[Approval needed] Contract"}

table = []


def word(text, charset="utf-8"):
    if text.isascii():
        return text
    coded = base64.b64encode(text.encode(charset)).decode()
    return f"=?{charset.upper()}?B?{coded}?="


def mail(name, verdict, comment, body, *, subject=None, headers=(), charset="utf-8", encoding="8bit", kind="plain",
         who="課長 <kacho@example.co.jp>"):
    subject = subject if subject is not None else "Re: " + SUBJECT["ja"]
    raw = body.encode(charset, "xmlcharrefreplace")
    if encoding == "base64":
        raw = base64.encodebytes(raw)
    elif encoding == "quoted-printable":
        raw = quopri.encodestring(raw)
    content = [f"Content-Type: text/{kind}; charset={charset}", f"Content-Transfer-Encoding: {encoding}"]
    write(name, verdict, comment, head(subject, who, headers, charset) + content, raw)


def parts(name, verdict, comment, bodies, *, subtype="alternative", parameters="", subject=None, headers=(),
          who="課長 <kacho@example.co.jp>"):
    """`bodies`: (content type, text or bytes)."""
    subject = subject if subject is not None else "Re: " + SUBJECT["ja"]
    raw = b""
    for kind, body in bodies:
        body = body if isinstance(body, bytes) else body.encode("utf-8")
        raw += b"--=_b\nContent-Type: " + kind.encode() + b"\n"
        if b"charset=utf-8" in kind.encode():
            raw += b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(body)
        else:
            raw += b"\n" + body + b"\n"
    raw += b"--=_b--\n"
    content = [f'Content-Type: multipart/{subtype};{parameters} boundary="=_b"']
    write(name, verdict, comment, head(subject, who, headers, "utf-8") + content, raw)


def head(subject, who, headers, charset):
    name, address = who.rsplit(" ", 1) if " " in who else ("", who)
    return [f"From: {word(name, charset)} {address}".replace("  ", " "),
            "To: sekisho+abcdefghijklmnopqrstuvwxyz@sekisho.example.co.jp",
            "Date: Fri, 20 Nov 2026 10:12:00 +0900", f"Message-ID: <{len(table) + 1}@example.co.jp>",
            f"Subject: {word(subject, charset)}", "MIME-Version: 1.0", *headers]


def write(name, verdict, comment, fields, raw):
    with open(os.path.join(HERE, name + ".eml"), "wb") as file:
        file.write("\n".join(fields).encode() + b"\n\n" + raw)
    table.append((name, verdict, comment))


def marked(text, mark="> "):
    return "".join(mark + line + "\n" if line else mark.rstrip() + "\n" for line in text.splitlines())


def page(text):
    return "".join(f"<p>{html.escape(line)}</p>" if line else "<p>&nbsp;</p>" for line in text.splitlines())


OUTLOOK_JA = f"差出人: {OURS}\n送信日時: 2026年11月20日 9:30\n宛先: 課長 <kacho@example.co.jp>\n件名: {SUBJECT['ja']}\n\n{JA}"
OUTLOOK_EN = f"From: {OURS}\nSent: Friday, November 20, 2026 9:30 AM\nTo: Kacho <kacho@example.co.jp>\nSubject: {SUBJECT['en']}\n\n{EN}"
RULE = "_" * 32
GMAIL_JA = "2026年11月20日(金) 9:30 Sekisho <sekisho@sekisho.example.co.jp>:\n\n" + marked(JA)
GMAIL_EN = "On Fri, Nov 20, 2026 at 9:30 AM Sekisho <\nsekisho@sekisho.example.co.jp> wrote:\n\n" + marked(EN)
APPLE_JA = marked(f"2026/11/20 9:30、{OURS}のメール:\n\n\ufeff{JA}")
APPLE_EN = marked(f"On Nov 20, 2026, at 9:30, {OURS} wrote:\n\n\ufeff{EN}")
UTF8 = "text/plain; charset=utf-8"
HTML8 = "text/html; charset=utf-8"
WORD = '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0} --></style></head>' \
       '<body lang="JA"><div class="WordSection1">'
EN_SUBJECT = "Re: " + SUBJECT["en"]
SENDER = "佐藤太郎 <taro@example.co.jp>"

# Outlook
mail("outlook-ja-top", "approve", "", f"承認\n\n{OUTLOOK_JA}", charset="iso-2022-jp", encoding="7bit", subject="RE: " + SUBJECT["ja"])
mail("outlook-ja-reject-with-comment", "reject", "宛先のドメインが違うようです。\n確認してから送り直してください。",
     f"却下\n\n宛先のドメインが違うようです。\n確認してから送り直してください。\n\n{OUTLOOK_JA}", encoding="base64")
mail("outlook-ja-original-message", "approve", "", f"承認します。\n\n-----Original Message-----\n{OUTLOOK_JA}", charset="iso-2022-jp", encoding="7bit")
mail("outlook-ja-signature-of-lines", "approve", "よろしくお願いします。",
     f"承認します。\nよろしくお願いします。\n\n--\n総務部 課長\n内線 1234\n\n{OUTLOOK_JA}")
mail("outlook-en-top", "approve", "", f"Approve\n\n{OUTLOOK_EN}", subject=EN_SUBJECT, encoding="quoted-printable")
mail("outlook-en-reject", "reject", "wrong customer list", f"Reject: wrong customer list\n\nRegards,\nKacho\n\n{OUTLOOK_EN}".replace("\n\nRegards,\nKacho", ""), subject=EN_SUBJECT)
parts("outlook-word-html", "approve", "", [
    (UTF8, f"承認\n\n{OUTLOOK_JA}"),
    (HTML8, f'{WORD}<p class="MsoNormal">承認<o:p></o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt">{page(OUTLOOK_JA)}</div></div></body></html>')])
mail("outlook-word-html-only", "reject", "添付を確認してください。",
     f'{WORD}<p class="MsoNormal">却下<o:p></o:p></p><p class="MsoNormal">添付を確認してください。<o:p></o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0mm 0mm 0mm">{page(OUTLOOK_JA)}</div></div></div></body></html>',
     kind="html", encoding="quoted-printable")
mail("outlook-web-ja", "approve", "", f"承認\n{RULE}\n{OUTLOOK_JA}", encoding="base64")
mail("outlook-web-html-only", "approve", "",
     f'<html><head><style type="text/css" style="display:none;"> P {{margin-top:0;}} </style></head><body dir="ltr"><div class="elementToProof">承認します。</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">{page(OUTLOOK_JA)}</div></body></html>',
     kind="html", encoding="base64")
mail("outlook-ios-ja", "approve", "", f"承認\n\niOS 版 Outlook を入手<https://aka.ms/o0ukef>\n{RULE}\n{OUTLOOK_JA}", encoding="base64")
mail("outlook-android-en", "approve", "", f"Approved\n\nGet Outlook for Android<https://aka.ms/AAb9ysg>\n{RULE}\n{OUTLOOK_EN}", subject=EN_SUBJECT)
# Gmail
parts("gmail-ja", "approve", "", [(UTF8, f"承認\n\n{GMAIL_JA}"),
    (HTML8, f'<div dir="ltr">承認</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">2026年11月20日(金) 9:30 Sekisho:<br></div><blockquote class="gmail_quote">{page(JA)}</blockquote></div>')])
mail("gmail-en", "reject", "Please ask the customer first.", f"Reject\nPlease ask the customer first.\n\n{GMAIL_EN}", subject=EN_SUBJECT)
mail("gmail-html-only", "approve", "", f'<div dir="ltr">承認します</div><br><div class="gmail_quote"><blockquote class="gmail_quote" style="margin:0">{page(JA)}</blockquote></div>', kind="html", encoding="base64")
mail("gmail-mobile-ja", "approve", "", f"承認\n\nAndroid から送信\n\n{GMAIL_JA}", encoding="base64")
mail("gmail-mobile-en", "approve", "", f"Yes, approved\n\nSent from my Pixel\n\n{GMAIL_EN}", subject=EN_SUBJECT)
mail("gmail-bottom", "approve", "", f"{GMAIL_JA}\n承認します。\n")
parts("gmail-reaction", "unclear", "課長 さんが Gmail でリアクションしました", [(UTF8, f"課長 さんが Gmail でリアクションしました\n\n{GMAIL_JA}"),
    ("text/vnd.google.email-reaction+json; charset=utf-8", '{"emoji":"👍","version":1}')])
# Apple
mail("apple-mail-ja", "approve", "", f"承認します。\n\n{APPLE_JA}", encoding="quoted-printable")
mail("apple-mail-en", "approve", "", f"Approve\n\n{APPLE_EN}", subject=EN_SUBJECT)
mail("iphone-ja", "approve", "", f"承認\n\niPhoneから送信\n\n{APPLE_JA}", encoding="base64")
mail("iphone-ja-reject", "reject", "宛先を直してください", f"却下\n宛先を直してください\n\niPhoneから送信\n\n{APPLE_JA}", encoding="base64")
mail("iphone-en", "approve", "", f"Ok\n\nSent from my iPhone\n\n{APPLE_EN}", subject=EN_SUBJECT)
mail("ipad-old-style", "approve", "", f"承認\n\niPadから送信\n\n2026/11/20 9:30、{OURS}のメール:\n\n{marked(JA)}", encoding="base64")
# Japanese carriers
mail("docomo-no-quote", "approve", "", "承認\n", charset="iso-2022-jp", encoding="7bit", who="kacho@example.co.jp", subject="Re:")
mail("docomo-quote-below", "reject", "あとで電話します", f"却下\nあとで電話します\n\n{marked(JA, '>')}", charset="iso-2022-jp", encoding="7bit")
mail("au-quote-above", "approve", "", f"{marked(JA, '>')}\n承認します\n", charset="iso-2022-jp", encoding="7bit")
mail("softbank-original-message", "approve", "", f"承認です\n\n----- Original Message -----\n{JA}", charset="iso-2022-jp", encoding="7bit")
mail("docomo-half-width", "withdraw", "", "ｷｬﾝｾﾙ\n", charset="shift_jis", encoding="quoted-printable", who=SENDER)
mail("carrier-only-quote", "unclear", "", marked(JA, ">"), charset="iso-2022-jp", encoding="7bit")
# Thunderbird, Becky!, Notes, Yahoo!, groupware
mail("thunderbird-ja-bottom", "approve", "", f"On 2026/11/20 9:30, Sekisho wrote:\n{marked(JA)}\n承認します。\n\n-- \n総務部 課長\n")
mail("thunderbird-en-top", "approve", "", f"Approve\n\nOn 20/11/2026 09:30, Sekisho wrote:\n{marked(EN)}", subject=EN_SUBJECT)
mail("thunderbird-answer-inside-quote", "unclear", "", f"On 2026/11/20 9:30, Sekisho wrote:\n{marked(JA)}承認\n> 以上\n")
mail("becky", "reject", "", f"却下します。\n\nOn Fri, 20 Nov 2026 09:30:00 +0900\n{OURS} wrote:\n\n{marked(JA)}", charset="iso-2022-jp", encoding="7bit")
mail("notes", "approve", "", f"承認\n\n\n\nFrom:\tSekisho <sekisho@sekisho.example.co.jp>\nTo:\tkacho@example.co.jp\nDate:\t2026/11/20 09:30\nSubject:\t{SUBJECT['ja']}\n{RULE}\n{JA}", charset="iso-2022-jp", encoding="7bit")
mail("yahoo-ja", "approve", "", f"承認\n\n----- Original Message -----\nFrom: {OURS}\n\n{JA}", charset="iso-2022-jp", encoding="7bit")
mail("garoon", "approve", "", f"承認します。\n\n総務部　課長\n\n> 差出人: Sekisho\n{marked(JA)}".replace("\n\n総務部　課長", ""))
mail("forwarded-below", "approve", "", f"承認\n\n---------- 転送メッセージ ---------\nFrom: {OURS}\n\n{JA}")
# What the sender says
mail("sender-withdraws-iphone", "withdraw", "", f"取消\n\niPhoneから送信\n\n{APPLE_JA}", who=SENDER, encoding="base64")
mail("sender-withdraws-outlook", "withdraw", "宛先を間違えました。", f"取り消します。宛先を間違えました。\n\n{OUTLOOK_JA}", who=SENDER)
mail("sender-withdraws-en", "withdraw", "", f"WITHDRAW\n\n{GMAIL_EN}", who=SENDER, subject=EN_SUBJECT)
mail("sender-reason-ja", "reason", "契約に基づき、点検の対象のお客様の一覧を送るものです。\n先方とは電話で確認しています。",
     f"理由：契約に基づき、点検の対象のお客様の一覧を送るものです。\n先方とは電話で確認しています。\n\n{OUTLOOK_JA}", who=SENDER, charset="iso-2022-jp", encoding="7bit")
mail("sender-reason-greeting", "reason", "本日が納期のためです。", f"お疲れ様です。\n理由：本日が納期のためです。\n\niPhoneから送信\n\n{APPLE_JA}", who=SENDER, encoding="base64")
mail("sender-reason-en", "reason", "the customer asked for this list", f"REASON: the customer asked for this list\n\n{GMAIL_EN}", who=SENDER, subject=EN_SUBJECT)
mail("sender-reason-empty", "unclear", "", f"理由：\n\n{GMAIL_JA}", who=SENDER)
# Not clear enough
mail("asks-others-to-approve", "unclear", "承認、お願いします。", f"承認、お願いします。\n\n{OUTLOOK_JA}")
mail("please-approve", "unclear", "Approve, please.", f"Approve, please.\n\n{GMAIL_EN}", subject=EN_SUBJECT)
mail("condition", "unclear", "承認します。ただし添付は外してください。", f"承認します。ただし添付は外してください。\n\n{OUTLOOK_JA}")
mail("question", "unclear", "これは何のメールですか?", f"これは何のメールですか？\n\n{GMAIL_JA}")
mail("thumbs-up", "unclear", "👍", f"👍\n\n{APPLE_JA}", encoding="base64")
mail("both", "unclear", "却下", f"承認\n却下\n\n{GMAIL_JA}")
mail("empty", "unclear", "", f"\n\n{OUTLOOK_JA}")
mail("disclaimer", "approve", "このメールは機密情報を含むことがあります。誤って受け取られたときは破棄してください。",
     f"承認\n\nこのメールは機密情報を含むことがあります。誤って受け取られたときは破棄してください。\n\n{OUTLOOK_JA}")
parts("smime-signed", "approve", "", [(UTF8, f"承認\n\n{OUTLOOK_JA}"), ("application/pkcs7-signature; name=smime.p7s", "MIIB")],
      subtype="signed", parameters=' protocol="application/pkcs7-signature"; micalg=sha-256;')
parts("smime-encrypted", "unclear", "", [("application/pkcs7-mime; smime-type=enveloped-data", "MIIB")], subtype="mixed")
parts("answer-attached", "unclear", "", [("text/plain; charset=utf-8\nContent-Disposition: attachment; filename=answer.txt", "承認\n")], subtype="mixed")
# Machines
AUTO = [("outlook-out-of-office", "自動応答: " + SUBJECT["ja"], ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"]),
        ("exchange-oof-header-only", "Re: " + SUBJECT["ja"], ["X-Auto-Response-Suppress: DR, OOF, AutoReply"]),
        ("gmail-vacation", "Re: " + SUBJECT["ja"], ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes"]),
        ("postfix-vacation", "Re: " + SUBJECT["ja"], ["Auto-Submitted: auto-replied (vacation)"]),
        ("absent-subject", "【不在】" + SUBJECT["ja"], []),
        ("absent-notice", "不在のお知らせ", []),
        ("absent-behind-re", "Re: 【不在】11月24日まで休暇をいただきます", []),
        ("automatic-reply-en", "Automatic reply: " + SUBJECT["en"], []),
        ("out-of-office-en", "Out of Office Re: " + SUBJECT["en"], []),
        ("precedence-auto-reply", "Re: " + SUBJECT["ja"], ["Precedence: auto_reply"]),
        ("mailing-list", "[soumu 1234] Re: " + SUBJECT["ja"], ["List-Id: <soumu.example.co.jp>", "Precedence: list"]),
        ("google-group", "Re: " + SUBJECT["ja"], ["List-Unsubscribe: <mailto:x@example.co.jp>"]),
        ("read-receipt-outlook", "開封済み: " + SUBJECT["ja"], []),
        ("our-own-notice", SUBJECT["ja"], ["X-Sekisho-Notice: request", "Auto-Submitted: auto-generated"]),
        ("loop-without-sender", "Re: " + SUBJECT["ja"], ["Return-Path: <>"])]
for name, subject, headers in AUTO:
    mail(name, "ignore", "", "承認\n\n11月24日まで不在にしております。\n", subject=subject, headers=headers)
parts("bounce", "ignore", "", [(UTF8, "承認\n"), ("message/delivery-status", "Reporting-MTA: dns; mx.example.co.jp\n"), ("message/rfc822", "Subject: x\n\n承認")],
      subtype="report", parameters=" report-type=delivery-status;", subject="Undelivered Mail Returned to Sender", who="MAILER-DAEMON@example.co.jp")
parts("read-receipt", "ignore", "", [(UTF8, "承認\n"), ("message/disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed\n")],
      subtype="report", parameters=" report-type=disposition-notification;", subject="開封確認: " + SUBJECT["ja"])

with open(os.path.join(HERE, "verdicts.toml"), "w", encoding="utf-8") as file:
    file.write("# What each reply says: written by write.py beside it, read by src/notice/answer/table.rs.\n")
    for name, verdict, comment in table:
        comment = comment.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        file.write(f'\n[[reply]]\nfile = "{name}.eml"\nverdict = "{verdict}"\ncomment = "{comment}"\n')
