"""English."""

from alphorn.web.texts.values import Page, Texts

TEXTS = Texts(
    name="English",
    skip="Skip to the content",
    home="Home",
    help="Help",
    check="Am I blocked?",
    languages="Languages",
    colophon="The mail service at {host}, with Alphorn, free software.",
    home_title="Mail at {host}",
    home_lead="This is a mail server. If you have a mailbox here, this page says how to set up your"
    " mail program. If your mail was refused here, it says where to find help.",
    setup="Set up your mail program",
    setup_lead="Your user name is your whole mail address. Choose the settings that are marked; the"
    " others are for programs that know no better.",
    setup_use="For",
    setup_server="Server",
    setup_port="Port",
    setup_security="Security",
    setup_best="recommended",
    setup_none="There are no mailboxes on this server.",
    uses={
        "imaps": "Reading mail (IMAP)",
        "imap": "Reading mail (IMAP)",
        "submissions": "Sending mail (SMTP)",
        "submission": "Sending mail (SMTP)",
        "sieve": "Rules for your mail (ManageSieve)",
    },
    security={"implicit": "TLS (SSL)", "starttls": "STARTTLS", "none": "none"},
    refused="Was your mail refused?",
    refused_lead="Each refusal has a page that says what happened and what you can do.",
    help_title="Help with refused mail",
    help_lead="If this server refused your mail, the reply has the address of one of these pages."
    " Look for the words of the reply, or for what happened to you.",
    groups={
        "server": "The server that sends",
        "message": "The message",
        "recipient": "The recipient",
        "users": "For people with a mailbox here",
    },
    what="What happened",
    sender="What you can do if you sent the mail",
    recipient="What the recipient or his mail service can do",
    reply="What our server says",
    reply_lead="This is how the reply looks; names and numbers in it are examples.",
    more="If none of this helps, write to {postmaster}, from another mail service if need be, and"
    " quote the whole reply.",
    all_pages="All help pages",
    check_title="Am I blocked?",
    check_lead="See whether this server takes mail from an IP address, and if not, why and for how"
    " long. The address that matters is that of the server that sends your mail; your mail service"
    " knows it.",
    check_label="IP address",
    check_own="This is the address you are visiting from.",
    check_button="Check",
    check_blocked="Mail from {address} is refused.",
    check_delayed="Mail from {address} is taken, but may be delayed.",
    check_free="Mail from {address} is taken.",
    check_after="This is the door only: a message can still be refused for what is in it, or for"
    " who it is from.",
    check_failed={
        "address": "That is no IP address. One looks like 192.0.2.1 or 2001:db8::1.",
        "rate": "You have asked often. Please wait a few minutes before you ask again.",
        "busy": "The answer could not be found just now. Please try again in a minute.",
    },
    errors={
        400: (
            "That was not understood",
            "Your browser asked for something, or under a name, that this server does not have.",
        ),
        404: (
            "There is no such page",
            "The address may have a typing error, or the page is not there any more.",
        ),
        405: ("That is not possible here", "This page can be read, but nothing can be sent to it."),
        500: (
            "Something went wrong here",
            "It is our fault, not yours, and it has been noted. Please try again later.",
        ),
    },
    error_next="Go on here:",
    pages={
        "banned": Page(
            "Your server is banned for a time",
            "Something from this IP address did what only attackers and spam programs do, again and"
            " again: it tried many addresses that do not exist, for example, or many passwords."
            " Connections from it are turned away until the ban ends.",
            (
                "See below whether your address is banned, why, and until when.",
                "Have whoever looks after your server find the cause: a virus, a stolen password, a"
                " list of old addresses. Bans that follow each other get longer.",
                "Your server keeps the mail and tries again by itself. Mail is lost only if the ban"
                " lasts longer than your server tries, and then you are told.",
            ),
            "The operator of this server can see the ban and lift it.",
        ),
        "dns-lists": Page(
            "Your server is on a block list",
            "The IP address that sent the mail is on a public list of servers that send spam. This"
            " server takes no mail from addresses on that list.",
            (
                "The reply names the list. Its web site says why the address is on it, and how it"
                " gets off. Only those who keep the list can do that.",
                "If your mail goes through a mail service, tell the service. Other customers of it"
                " may have caused this.",
            ),
            "The recipient can ask his mail service not to use the list for his mailbox.",
        ),
        "greylist": Page(
            "Please come again in a moment",
            "Your server writes to this recipient for the first time. New senders are asked to try"
            " again after a short wait, because spam programs do not.",
            (
                "You need not do anything: mail servers try again by themselves, mostly within a"
                " quarter of an hour.",
                "If the mail never arrives, your server does not try again, or each time from"
                " another network. Tell whoever looks after it.",
            ),
            "After the first message there is no wait any more. The recipient can allow a sender"
            " beforehand, or have the wait switched off.",
        ),
        "helo": Page(
            "Your server gives a name that cannot be right",
            "At the beginning of a connection, a mail server says its name. Yours said one that"
            " does not exist, that is ours, or that is no name at all.",
            (
                "Whoever looks after your server should have it greet with its full name, such as"
                " mail.example.org, which leads to its IP address in the DNS.",
                "If your own computer sends directly, use the outgoing server of your mail service"
                " instead.",
            ),
            "The recipient's mail service can switch this check off for him.",
        ),
        "manners": Page(
            "Your server does not wait for its turn",
            "In a mail dialog, one side speaks and the other waits. Your server sent on before ours"
            " had greeted or answered. Mail servers do not do that; spam programs do.",
            (
                "Tell whoever looks after your server. Usually a program other than a mail server"
                " is sending, or a firewall changes the dialog.",
            ),
            "Nothing: the recipient does not come into it. The operator of this server can make an"
            " exception for an address.",
        ),
        "too-many": Page(
            "Too much at once",
            "More connections, messages or senders came from your server within a short time than"
            " are allowed.",
            (
                "You need not do anything: your server tries again by itself.",
                "If it happens often, whoever looks after your server should send fewer messages at"
                " the same time.",
            ),
            "The operator of this server can raise the limits or exempt an address from them.",
        ),
        "protocol": Page(
            "The programs did not understand each other",
            "What your server or mail program sent does not follow the rules of mail transport"
            " (SMTP). The reply says which line was wrong.",
            (
                "Try again; the connection may have been disturbed.",
                "If it happens each time, pass the reply on to whoever looks after your server or"
                " made your program.",
            ),
            "Nothing, unless the same happens to many: then the operator of this server should look"
            " into it.",
        ),
        "later": Page(
            "Not now: please try again later",
            "Something here does not work at the moment: a disk, a check, or the whole service is"
            " just being started anew.",
            (
                "You need not do anything: your server tries again by itself, for some days.",
                "If you sent from a mail program, send again in a few minutes.",
            ),
            "The operator of this server finds the cause in its log.",
        ),
        "dmarc": Page(
            "Nothing proves that the mail is genuine",
            "The owner of the sender's domain asks everybody to refuse mail that does not prove to"
            " be from there (DMARC). This message did not: it was not signed by the domain, and did"
            " not come from a server that the domain names.",
            (
                "If you manage the domain: check its SPF, DKIM and DMARC records, and whether every"
                " service that sends for you signs with your domain.",
                "If you sent through a list or a redirect: write to the recipient directly.",
                "If the reply says to try again later, the DNS did not answer; your server does"
                " that by itself.",
            ),
            "A forwarding service that the operator trusts can be named in the settings.",
        ),
        "spam": Page(
            "The message looks like spam",
            "The message has so much in common with unwanted mail that it was not taken, or not"
            " sent. Words, links, the way it is built and what is known of the sender count"
            " together.",
            (
                "Write it more plainly: fewer links and pictures, no attachments, a clear subject.",
                "Write to the recipient in another way that your mail does not arrive.",
                "If you did not send anything yourself, somebody may be using your account: change"
                " your password.",
            ),
            "The recipient can put you on his list of allowed senders, or choose how strict his"
            " filter is.",
        ),
        "malware": Page(
            "The message carries malware",
            "A virus scanner found a harmful program in the message or one of its attachments.",
            (
                "Do not send it again. Check your computer with an up-to-date virus scanner.",
                "If you are certain that it is a mistake, put the file where it can be downloaded,"
                " and send the link.",
            ),
            "Nothing is to be done. Nobody has got the message.",
        ),
        "attachments": Page(
            "An attachment is of a kind that is not taken",
            "The message has a file that could do harm: a program, a document with macros that run"
            " by themselves, or an archive that has such a file in it. The reply names the file.",
            (
                "Send the document without macros, or as a PDF.",
                "Put the file where it can be downloaded, and send the link.",
            ),
            "The operator of this server decides which kinds of files are taken.",
        ),
        "headers": Page(
            "The message is not built as mail must be",
            "The header or the lines of the message are made in a way that no ordinary mail program"
            " uses, and that can mislead whoever reads it.",
            (
                "Send it with an ordinary mail program.",
                "If a program or a web site of yours made it, pass the reply on to whoever wrote"
                " that: several From fields, fields without a name, very long lines and line ends"
                " other than CR LF are common causes.",
            ),
            "The recipient's mail service sees in its trace which rule it was.",
        ),
        "too-large": Page(
            "The message is too large",
            "The message is larger than this server, or the recipient's mailbox, takes. Attachments"
            " grow by a third when they are sent.",
            (
                "Make pictures smaller, or send the attachments one by one.",
                "Put large files where they can be downloaded, and send the link.",
            ),
            "The operator of this server can raise the limits.",
        ),
        "loop": Page(
            "The message goes round in circles",
            "The message has passed through too many servers, or through this one several times."
            " Mostly two addresses send their mail on to each other.",
            (
                "Write to another address of the recipient, and tell him about it.",
                "If you have set up a redirect yourself, see whether it leads back to where it"
                " begins.",
            ),
            "One of the redirects must be changed or removed.",
        ),
        "no-mailbox": Page(
            "There is no such mailbox",
            "Nobody gets mail at the address you wrote to. It may have a typing error, or it may"
            " not be there any more.",
            (
                "Check the address letter by letter, also after the @.",
                "Ask the recipient in another way for his present address.",
                "If your mail program suggests the address, remove the suggestion.",
            ),
            "An administrator of the domain can make the address, or an alias for an old one.",
        ),
        "address": Page(
            "That is not a mail address",
            "The address of the sender or of a recipient is not written as mail addresses are, or"
            " has letters that your program cannot send.",
            (
                "Look for spaces, commas, a missing @ or a dot too many.",
                "Addresses with letters beyond a to z need a mail program that knows them"
                " (SMTPUTF8).",
            ),
            "Nothing: the recipient does not come into it.",
        ),
        "switched-off": Page(
            "The mailbox or domain is switched off",
            "The address exists, but takes no mail at present: its mailbox, its domain or a"
            " redirect of it was switched off or is paused.",
            (
                "Ask the recipient in another way.",
                "If it is your own account from which you cannot send, ask whoever manages it.",
            ),
            "An administrator of the domain can switch it on again.",
        ),
        "mailbox-full": Page(
            "The mailbox is full",
            "The recipient's mailbox has no room for this message now.",
            (
                "You need not do anything: your server keeps trying for some days, and the message"
                " arrives if there is room by then.",
                "If it is urgent, tell the recipient in another way.",
            ),
            "The recipient can delete old mail and empty the trash; his mail service can give him"
            " more room.",
        ),
        "sender": Page(
            "The recipient does not take mail from you",
            "Your address or your domain is on a list of senders whose mail the recipient, or his"
            " organization, does not want.",
            (
                "If you think that it is a mistake, ask the recipient in another way.",
                "If you send newsletters: he has had enough of them. Take him off your list.",
            ),
            "The recipient, or an administrator of his domain, can change the list.",
        ),
        "rejected": Page(
            "A rule of the recipient refuses the message",
            "The recipient has set up a rule for his mailbox that refuses messages like this one."
            " What the reply says about it are his words.",
            ("Do what the reply asks for, or ask the recipient in another way.",),
            "The recipient can change his rule.",
        ),
        "gateway": Page(
            "The recipient takes confidential mail only",
            "Mail for this address is accepted only if it comes over the secured gateway that the"
            " reply names. Ordinary mail is not confidential enough for it.",
            (
                "Send from a mail service that is connected to that gateway.",
                "For what is not confidential, ask the recipient for another address.",
            ),
            "An administrator of the domain decides which addresses are confidential.",
        ),
        "relay": Page(
            "This server does not pass such mail on",
            "The mail is for an address that does not belong to this server, and it came from"
            " somebody who has not logged in here.",
            (
                "If you have a mailbox here: set up your mail program so that it logs in to send.",
                "If not: the address may be wrong, or the MX record of its domain leads here by"
                " mistake. Tell the recipient in another way.",
            ),
            "If the domain is meant to be here, the operator must add it; else its MX record is to"
            " be corrected.",
        ),
        "recipients": Page(
            "Too many recipients in one message",
            "A message can go to so many recipients at a time only, and recipients who are guarded"
            " in different ways get it one after the other.",
            (
                "Mail servers send the message again to the rest by themselves.",
                "If you sent from a mail program, send to fewer recipients at a time, or use a"
                " mailing list.",
            ),
            "An administrator can allow an organization more recipients in its plan.",
        ),
        "login": Page(
            "Logging in did not work",
            "Your mail program has to log in, over a secured connection, before it may send. The"
            " address or the password was wrong, or it did not log in at all.",
            (
                "Check that the user name is your whole mail address, and type the password anew.",
                "Choose TLS or STARTTLS in the settings of your mail program, and “password” as the"
                " way to log in. The start page of this site has all settings.",
                "After many wrong tries the server pauses; wait some minutes.",
            ),
            "Whoever manages your account can set a new password.",
        ),
        "limits": Page(
            "Sending from your account is limited",
            "Your account has sent more than is usual or allowed, or it behaves as accounts do"
            " whose password was stolen. It is slowed down, or locked; you still get your mail.",
            (
                "If it was you: wait, and send more slowly.",
                "If not: change your password at once, remove device passwords that you do not"
                " know, and check your computer. You have been sent a message about it.",
            ),
            "Whoever manages your account can unlock it once the password was changed.",
        ),
        "own-address": Page(
            "This is not an address of yours",
            "You may send in the name of your own addresses only. The sender of this message is"
            " another one, or is missing.",
            (
                "Set the sender address in your mail program to one that belongs to your account.",
                "If somebody lets you send in his name, he or an administrator must allow it here.",
            ),
            "An administrator can add the address to your account, or grant sending in its name.",
        ),
        "records": Page(
            "The DNS records of your domain are wrong",
            "Other servers decide by these records whether mail from your domain is genuine. As"
            " they are now, your mail would be refused or taken for spam, so that it is not sent.",
            ("Tell whoever manages your domain. A message about it was sent to him.",),
            "The records that should be published are shown by “alphorn domain dns” and the name of"
            " the domain.",
        ),
    },
)
