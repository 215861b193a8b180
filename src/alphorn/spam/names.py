"""Names that rules and categories know: networks, brands, shorteners, endings. All lower case."""

# Hosts that lead on to where somebody else wants, by a short path.
SHORTENERS = frozenset(
    """
    bit.ly t.co goo.gl tinyurl.com ow.ly is.gd buff.ly rebrand.ly cutt.ly shorturl.at rb.gy t.ly
    bl.ink tiny.cc s.id v.gd x.co adf.ly lnkd.in soo.gd qr.ae clck.ru u.to urlz.fr kutt.it shrtco.de
    shorte.st bitly.com tinyurl.is tny.im po.st dlvr.it fb.me wp.me amzn.to youtu.be 1drv.ms n9.cl
    l.ead.me qrco.de tr.im cli.re snip.ly t2m.io zpr.io short.gy surl.li did.li urly.it
    """.split()
)

# Where anybody puts up a page or a file within a minute, under somebody else's good name.
FREE_PAGES = frozenset(
    """
    blogspot.com weebly.com wixsite.com 000webhostapp.com firebaseapp.com web.app pages.dev
    workers.dev r2.dev netlify.app vercel.app herokuapp.com glitch.me github.io gitbook.io
    godaddysites.com square.site webflow.io framer.app carrd.co notion.site typeform.com jotform.com
    forms.gle surge.sh ngrok.io ngrok-free.app trycloudflare.com duckdns.org ddns.net no-ip.org
    hopto.org sytes.net myftp.org azurewebsites.net cloudapp.azure.com blob.core.windows.net
    web.core.windows.net s3.amazonaws.com storage.googleapis.com ipfs.io dweb.link
    cloudflare-ipfs.com
    translate.goog appspot.com run.app fly.dev onrender.com repl.co ukit.me yolasite.com
    strikingly.com
    sendspace.com wetransfer.com mystrikingly.com webcindario.com
    """.split()
)

# Endings under which most registrations are abusive. A weak sign alone.
DOUBTFUL_ENDINGS = frozenset(
    """
    top xyz click link work loan date bid win men stream download racing review accountant faith
    science party trade webcam cricket gq cf tk ml ga rest buzz monster cyou sbs cfd bond icu quest
    zip mov lol hair skin makeup beauty autos boats homes motorcycles yachts christmas pics fun
    space site online website live shop store fit life world today uno best cam
    """.split()
)

# Mailboxes that everybody can have.
FREE_MAIL = frozenset(
    """
    gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es ymail.com
    outlook.com outlook.fr outlook.de outlook.it outlook.es hotmail.com hotmail.co.uk hotmail.fr
    hotmail.de hotmail.it hotmail.es live.com live.fr live.co.uk msn.com aol.com icloud.com me.com
    mac.com gmx.de gmx.net gmx.com gmx.at gmx.ch web.de freenet.de t-online.de mail.ru yandex.ru
    yandex.com bk.ru inbox.ru list.ru proton.me protonmail.com laposte.net orange.fr free.fr sfr.fr
    wanadoo.fr libero.it virgilio.it alice.it tiscali.it tin.it telefonica.net terra.es bluewin.ch
    hispeed.ch sunrise.ch mail.com zoho.com rediffmail.com qq.com 163.com 126.com sina.com
    naver.com daum.net seznam.cz wp.pl o2.pl onet.pl interia.pl
    """.split()
)

# Who is often imitated: a name in the sender's display, and what its own domains contain.
BRANDS: dict[str, tuple[str, ...]] = {
    "paypal": ("paypal",),
    "amazon": ("amazon", "amzn", "audible"),
    "netflix": ("netflix",),
    "microsoft": ("microsoft", "office", "outlook", "live", "xbox", "windows", "azure", "msn"),
    "office 365": ("microsoft", "office"),
    "apple": ("apple", "icloud", "itunes"),
    "icloud": ("apple", "icloud"),
    "dhl": ("dhl", "deutschepost", "dpdhl"),
    "fedex": ("fedex",),
    "ups": ("ups",),
    "usps": ("usps",),
    "hermes": ("hermes", "myhermes", "evri"),
    "la poste": ("laposte",),
    "colissimo": ("laposte", "colissimo"),
    "chronopost": ("chronopost",),
    "poste italiane": ("poste", "posteitaliane"),
    "correos": ("correos",),
    "swiss post": ("post",),
    "facebook": ("facebook", "facebookmail", "meta", "fb"),
    "instagram": ("instagram", "facebook", "facebookmail", "meta"),
    "whatsapp": ("whatsapp", "facebook", "meta"),
    "linkedin": ("linkedin",),
    "docusign": ("docusign",),
    "dropbox": ("dropbox", "dropboxmail"),
    "adobe": ("adobe", "adobesign", "echosign"),
    "metamask": ("metamask", "consensys"),
    "coinbase": ("coinbase",),
    "binance": ("binance",),
    "trust wallet": ("trustwallet",),
    "wells fargo": ("wellsfargo",),
    "bank of america": ("bankofamerica",),
    "american express": ("americanexpress", "aexp", "amex"),
    "mastercard": ("mastercard",),
    "postfinance": ("postfinance",),
    "sparkasse": ("sparkasse", "sparkassen"),
    "deutsche bank": ("deutsche-bank", "db"),
    "commerzbank": ("commerzbank",),
    "ing-diba": ("ing", "ing-diba"),
    "credit agricole": ("credit-agricole", "creditagricole", "ca"),
    "bnp paribas": ("bnpparibas", "bnp"),
    "intesa sanpaolo": ("intesasanpaolo",),
    "unicredit": ("unicredit",),
    "bbva": ("bbva",),
    "santander": ("santander", "gruposantander"),
    "caixabank": ("caixabank",),
    "costco": ("costco",),
    "walmart": ("walmart",),
    "norton": ("norton", "nortonlifelock", "symantec", "gen"),
    "mcafee": ("mcafee",),
    "geek squad": ("geeksquad", "bestbuy"),
    "bradesco": ("bradesco",),
    "itau": ("itau",),
    "banco do brasil": ("bb",),
    "nubank": ("nubank",),
    "serasa": ("serasa", "serasaexperian", "experian"),
    "livelo": ("livelo",),
    "ledger": ("ledger",),
    "trezor": ("trezor",),
}
