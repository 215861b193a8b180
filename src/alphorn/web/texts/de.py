"""German."""

from alphorn.web.texts.values import Page, Texts

TEXTS = Texts(
    name="Deutsch",
    skip="Zum Inhalt",
    home="Startseite",
    help="Hilfe",
    check="Bin ich gesperrt?",
    languages="Sprachen",
    colophon="Der Maildienst von {host}, mit Alphorn, freier Software.",
    home_title="Mail bei {host}",
    home_lead="Dies ist ein Mailserver. Haben Sie hier ein Postfach, so steht auf dieser Seite, wie"
    " Sie Ihr Mailprogramm einrichten. Wurde Ihre Mail hier abgelehnt, so steht hier, wo Sie Hilfe"
    " finden.",
    setup="Mailprogramm einrichten",
    setup_lead="Ihr Benutzername ist Ihre ganze Mailadresse. Wählen Sie die Angaben, die"
    " gekennzeichnet sind; die anderen sind für Programme, die es nicht besser können.",
    setup_use="Wofür",
    setup_server="Server",
    setup_port="Port",
    setup_security="Sicherheit",
    setup_best="empfohlen",
    setup_none="Auf diesem Server gibt es keine Postfächer.",
    uses={
        "imaps": "Mail lesen (IMAP)",
        "imap": "Mail lesen (IMAP)",
        "submissions": "Mail senden (SMTP)",
        "submission": "Mail senden (SMTP)",
        "sieve": "Regeln für Ihre Mail (ManageSieve)",
    },
    security={"implicit": "TLS (SSL)", "starttls": "STARTTLS", "none": "keine"},
    refused="Wurde Ihre Mail abgelehnt?",
    refused_lead="Zu jeder Ablehnung gibt es eine Seite, die sagt, was geschehen ist und was Sie"
    " tun können.",
    help_title="Hilfe bei abgelehnter Mail",
    help_lead="Hat dieser Server Ihre Mail abgelehnt, so steht in seiner Antwort die Adresse einer"
    " dieser Seiten. Suchen Sie nach den Worten der Antwort oder nach dem, was Ihnen geschehen"
    " ist.",
    groups={
        "server": "Der Server, der sendet",
        "message": "Die Nachricht",
        "recipient": "Der Empfänger",
        "users": "Für Leute, die hier ein Postfach haben",
    },
    what="Was geschehen ist",
    sender="Was Sie tun können, wenn Sie die Mail gesendet haben",
    recipient="Was der Empfänger oder sein Maildienst tun kann",
    reply="Was unser Server sagt",
    reply_lead="So sieht die Antwort aus, auf Englisch wie unter Mailservern üblich; Namen und"
    " Zahlen darin sind Beispiele.",
    more="Hilft das alles nicht, so schreiben Sie an {postmaster}, nötigenfalls von einem anderen"
    " Maildienst aus, und zitieren Sie die ganze Antwort.",
    all_pages="Alle Hilfeseiten",
    check_title="Bin ich gesperrt?",
    check_lead="Sehen Sie nach, ob dieser Server Mail von einer IP-Adresse annimmt, und wenn nicht,"
    " warum und wie lange. Es zählt die Adresse des Servers, der Ihre Mail sendet; Ihr Maildienst"
    " kennt sie.",
    check_label="IP-Adresse",
    check_own="Von dieser Adresse aus besuchen Sie uns.",
    check_button="Prüfen",
    check_blocked="Mail von {address} wird abgelehnt.",
    check_delayed="Mail von {address} wird angenommen, vielleicht aber verzögert.",
    check_free="Mail von {address} wird angenommen.",
    check_after="Das gilt nur für die Tür: Eine Nachricht kann immer noch wegen ihres Inhalts oder"
    " ihres Absenders abgelehnt werden.",
    check_failed={
        "address": "Das ist keine IP-Adresse. Eine sieht so aus: 192.0.2.1 oder 2001:db8::1.",
        "rate": "Sie haben oft gefragt. Bitte warten Sie einige Minuten, bevor Sie wieder fragen.",
        "busy": "Das war im Moment nicht zu erfahren. Bitte versuchen Sie es in einer Minute"
        " wieder.",
    },
    errors={
        400: (
            "Das haben wir nicht verstanden",
            "Ihr Browser hat etwas verlangt, oder unter einem Namen, was es auf diesem Server nicht"
            " gibt.",
        ),
        404: (
            "Diese Seite gibt es nicht",
            "Vielleicht ist die Adresse falsch geschrieben, oder die Seite gibt es nicht mehr.",
        ),
        405: (
            "Das geht hier nicht",
            "Diese Seite kann man lesen, aber man kann ihr nichts senden.",
        ),
        500: (
            "Hier ist etwas schiefgegangen",
            "Das liegt an uns, nicht an Ihnen, und wir haben es notiert. Bitte versuchen Sie es"
            " später wieder.",
        ),
    },
    error_next="Hier geht es weiter:",
    pages={
        "banned": Page(
            "Ihr Server ist für eine Weile gesperrt",
            "Von dieser IP-Adresse aus geschah immer wieder, was nur Angreifer und Spamprogramme"
            " tun: Es wurden zum Beispiel viele Adressen versucht, die es nicht gibt, oder viele"
            " Passwörter. Verbindungen von dort werden abgewiesen, bis die Sperre endet.",
            (
                "Sehen Sie unten nach, ob, warum und bis wann Ihre Adresse gesperrt ist.",
                "Bitten Sie, wer Ihren Server betreut, die Ursache zu suchen: ein Virus, ein"
                " gestohlenes Passwort, eine alte Adressliste. Sperren, die sich folgen, werden"
                " länger.",
                "Ihr Server behält die Mail und versucht es von selbst wieder. Verloren geht sie"
                " nur, wenn die Sperre länger dauert, als er es versucht; dann hören Sie davon.",
            ),
            "Wer diesen Server betreibt, sieht die Sperre und kann sie aufheben.",
        ),
        "dns-lists": Page(
            "Ihr Server steht auf einer Sperrliste",
            "Die IP-Adresse, von der die Mail kam, steht auf einer öffentlichen Liste von Servern,"
            " die Spam senden. Von Adressen auf dieser Liste nimmt dieser Server keine Mail an.",
            (
                "Die Antwort nennt die Liste. Auf deren Website steht, warum die Adresse darauf ist"
                " und wie sie wegkommt. Das können nur die tun, die die Liste führen.",
                "Läuft Ihre Mail über einen Maildienst, so sagen Sie es ihm. Vielleicht haben"
                " andere seiner Kunden das verursacht.",
            ),
            "Der Empfänger kann seinen Maildienst bitten, die Liste für sein Postfach nicht zu"
            " verwenden.",
        ),
        "greylist": Page(
            "Bitte kommen Sie gleich noch einmal",
            "Ihr Server schreibt diesem Empfänger zum ersten Mal. Neue Absender werden gebeten, es"
            " nach kurzer Zeit noch einmal zu versuchen, denn Spamprogramme tun das nicht.",
            (
                "Sie brauchen nichts zu tun: Mailserver versuchen es von selbst wieder, meist"
                " innerhalb einer Viertelstunde.",
                "Kommt die Mail nie an, so versucht es Ihr Server nicht wieder oder jedes Mal von"
                " einem anderen Netz aus. Sagen Sie es dem, der ihn betreut.",
            ),
            "Nach der ersten Nachricht wird nicht mehr gewartet. Der Empfänger kann einen Absender"
            " im Voraus erlauben oder das Warten abschalten lassen.",
        ),
        "helo": Page(
            "Ihr Server nennt einen Namen, der nicht stimmen kann",
            "Zu Beginn einer Verbindung sagt ein Mailserver, wie er heisst. Ihrer nannte einen"
            " Namen, den es nicht gibt, der uns gehört oder der gar keiner ist.",
            (
                "Wer Ihren Server betreut, sollte ihn mit seinem vollen Namen grüssen lassen, etwa"
                " mail.example.org, der im DNS zu seiner IP-Adresse führt.",
                "Sendet Ihr eigener Computer direkt, so benutzen Sie stattdessen den"
                " Postausgangsserver Ihres Maildienstes.",
            ),
            "Der Maildienst des Empfängers kann diese Prüfung für ihn abschalten.",
        ),
        "manners": Page(
            "Ihr Server wartet nicht, bis er an der Reihe ist",
            "Im Gespräch zwischen Mailservern spricht eine Seite, und die andere wartet. Ihr Server"
            " sandte weiter, bevor unserer gegrüsst oder geantwortet hatte. Mailserver tun das"
            " nicht, Spamprogramme schon.",
            (
                "Sagen Sie es dem, der Ihren Server betreut. Meist sendet ein Programm, das kein"
                " Mailserver ist, oder eine Firewall verändert das Gespräch.",
            ),
            "Nichts: Der Empfänger hat damit nichts zu tun. Wer diesen Server betreibt, kann eine"
            " Adresse davon ausnehmen.",
        ),
        "too-many": Page(
            "Zu viel auf einmal",
            "Von Ihrem Server kamen in kurzer Zeit mehr Verbindungen, Nachrichten oder Absender,"
            " als erlaubt sind.",
            (
                "Sie brauchen nichts zu tun: Ihr Server versucht es von selbst wieder.",
                "Geschieht es oft, so sollte, wer Ihren Server betreut, weniger Nachrichten zur"
                " gleichen Zeit senden.",
            ),
            "Wer diesen Server betreibt, kann die Grenzen erhöhen oder eine Adresse ausnehmen.",
        ),
        "protocol": Page(
            "Die Programme haben sich nicht verstanden",
            "Was Ihr Server oder Mailprogramm gesandt hat, folgt nicht den Regeln der"
            " Mailübertragung (SMTP). Die Antwort sagt, was falsch war.",
            (
                "Versuchen Sie es noch einmal; vielleicht war die Verbindung gestört.",
                "Geschieht es jedes Mal, so geben Sie die Antwort dem weiter, der Ihren Server"
                " betreut oder Ihr Programm gemacht hat.",
            ),
            "Nichts, ausser es geht vielen so: Dann sollte, wer diesen Server betreibt, nachsehen.",
        ),
        "later": Page(
            "Jetzt nicht: bitte später noch einmal",
            "Hier geht im Moment etwas nicht: eine Festplatte, eine Prüfung, oder der ganze Dienst"
            " wird eben neu gestartet.",
            (
                "Sie brauchen nichts zu tun: Ihr Server versucht es einige Tage lang von selbst"
                " wieder.",
                "Haben Sie mit einem Mailprogramm gesendet, so senden Sie in einigen Minuten noch"
                " einmal.",
            ),
            "Wer diesen Server betreibt, findet die Ursache in seinem Protokoll.",
        ),
        "dmarc": Page(
            "Nichts beweist, dass die Mail echt ist",
            "Wem die Domain des Absenders gehört, der bittet alle, Mail abzulehnen, die nicht"
            " beweist, dass sie von dort kommt (DMARC). Diese tat es nicht: Sie war nicht von der"
            " Domain unterschrieben und kam nicht von einem Server, den die Domain nennt.",
            (
                "Verwalten Sie die Domain, so prüfen Sie ihre Einträge für SPF, DKIM und DMARC und"
                " ob jeder Dienst, der für Sie sendet, mit Ihrer Domain unterschreibt.",
                "Haben Sie über eine Liste oder Weiterleitung gesendet, so schreiben Sie dem"
                " Empfänger direkt.",
                "Sagt die Antwort, Sie sollten es später versuchen, so hat das DNS nicht"
                " geantwortet; Ihr Server tut das von selbst.",
            ),
            "Ein weiterleitender Dienst, dem der Betreiber vertraut, kann in den Einstellungen"
            " genannt werden.",
        ),
        "spam": Page(
            "Die Nachricht sieht wie Spam aus",
            "Die Nachricht hat so viel mit unerwünschter Mail gemeinsam, dass sie nicht angenommen"
            " oder nicht gesendet wurde. Wörter, Links, Bauart und was man vom Absender weiss,"
            " zählen zusammen.",
            (
                "Schreiben Sie sie einfacher: weniger Links und Bilder, keine Anhänge, ein klarer"
                " Betreff.",
                "Sagen Sie dem Empfänger auf anderem Weg, dass Ihre Mail nicht ankommt.",
                "Haben Sie gar nichts gesendet, so benutzt vielleicht jemand Ihr Konto: Ändern Sie"
                " Ihr Passwort.",
            ),
            "Der Empfänger kann Sie auf seine Liste der erlaubten Absender setzen oder wählen, wie"
            " streng sein Filter ist.",
        ),
        "malware": Page(
            "Die Nachricht enthält Schadsoftware",
            "Ein Virenscanner hat in der Nachricht oder in einem Anhang ein schädliches Programm"
            " gefunden.",
            (
                "Senden Sie sie nicht noch einmal. Prüfen Sie Ihren Computer mit einem aktuellen"
                " Virenscanner.",
                "Sind Sie sicher, dass es ein Irrtum ist, so legen Sie die Datei irgendwo zum"
                " Herunterladen ab und senden Sie den Link.",
            ),
            "Es ist nichts zu tun. Niemand hat die Nachricht erhalten.",
        ),
        "attachments": Page(
            "Ein Anhang ist von einer Art, die nicht angenommen wird",
            "Die Nachricht hat eine Datei, die Schaden anrichten könnte: ein Programm, ein Dokument"
            " mit Makros, die von selbst laufen, oder ein Archiv mit einer solchen Datei. Die"
            " Antwort nennt die Datei.",
            (
                "Senden Sie das Dokument ohne Makros oder als PDF.",
                "Legen Sie die Datei irgendwo zum Herunterladen ab und senden Sie den Link.",
            ),
            "Wer diesen Server betreibt, bestimmt, welche Arten von Dateien angenommen werden.",
        ),
        "headers": Page(
            "Die Nachricht ist nicht gebaut, wie Mail es sein muss",
            "Kopf oder Zeilen der Nachricht sind so gemacht, wie es kein gewöhnliches Mailprogramm"
            " tut und wie es täuschen kann, wer sie liest.",
            (
                "Senden Sie sie mit einem gewöhnlichen Mailprogramm.",
                "Hat ein Programm oder eine Website von Ihnen sie gemacht, so geben Sie die Antwort"
                " dem weiter, der das geschrieben hat: mehrere From-Felder, Felder ohne Namen, sehr"
                " lange Zeilen und andere Zeilenenden als CR LF sind häufige Ursachen.",
            ),
            "Der Maildienst des Empfängers sieht in seiner Aufzeichnung, welche Regel es war.",
        ),
        "too-large": Page(
            "Die Nachricht ist zu gross",
            "Die Nachricht ist grösser, als dieser Server oder das Postfach des Empfängers annimmt."
            " Anhänge wachsen beim Senden um einen Drittel.",
            (
                "Verkleinern Sie Bilder, oder senden Sie die Anhänge einzeln.",
                "Legen Sie grosse Dateien irgendwo zum Herunterladen ab und senden Sie den Link.",
            ),
            "Wer diesen Server betreibt, kann die Grenzen erhöhen.",
        ),
        "loop": Page(
            "Die Nachricht läuft im Kreis",
            "Die Nachricht hat zu viele Server durchlaufen, oder diesen mehrmals. Meist leiten zwei"
            " Adressen ihre Mail aneinander weiter.",
            (
                "Schreiben Sie an eine andere Adresse des Empfängers, und sagen Sie es ihm.",
                "Haben Sie selbst eine Weiterleitung, so sehen Sie nach, ob sie an ihren Anfang"
                " zurückführt.",
            ),
            "Eine der Weiterleitungen muss geändert oder entfernt werden.",
        ),
        "no-mailbox": Page(
            "Dieses Postfach gibt es nicht",
            "Unter der Adresse, an die Sie geschrieben haben, erhält niemand Mail. Vielleicht ist"
            " sie falsch geschrieben, oder es gibt sie nicht mehr.",
            (
                "Prüfen Sie die Adresse Buchstabe für Buchstabe, auch nach dem @.",
                "Fragen Sie den Empfänger auf anderem Weg nach seiner jetzigen Adresse.",
                "Schlägt Ihr Mailprogramm die Adresse vor, so entfernen Sie den Vorschlag.",
            ),
            "Wer die Domain verwaltet, kann die Adresse einrichten, oder einen Alias für eine"
            " alte.",
        ),
        "address": Page(
            "Das ist keine Mailadresse",
            "Die Adresse des Absenders oder eines Empfängers ist nicht so geschrieben, wie"
            " Mailadressen es sind, oder sie hat Buchstaben, die Ihr Programm nicht senden kann.",
            (
                "Suchen Sie nach Leerzeichen, Kommas, einem fehlenden @ oder einem Punkt zu viel.",
                "Adressen mit anderen Buchstaben als a bis z brauchen ein Mailprogramm, das sie"
                " kennt (SMTPUTF8).",
            ),
            "Nichts: Der Empfänger hat damit nichts zu tun.",
        ),
        "switched-off": Page(
            "Postfach oder Domain ist abgeschaltet",
            "Die Adresse gibt es, aber sie nimmt zurzeit keine Mail an: Ihr Postfach, ihre Domain"
            " oder ihre Weiterleitung ist abgeschaltet oder ruht.",
            (
                "Fragen Sie den Empfänger auf anderem Weg.",
                "Ist es Ihr eigenes Konto, von dem Sie nicht senden können, so fragen Sie, wer es"
                " verwaltet.",
            ),
            "Wer die Domain verwaltet, kann es wieder einschalten.",
        ),
        "mailbox-full": Page(
            "Das Postfach ist voll",
            "Das Postfach des Empfängers hat im Moment keinen Platz für diese Nachricht.",
            (
                "Sie brauchen nichts zu tun: Ihr Server versucht es einige Tage lang, und die"
                " Nachricht kommt an, wenn es bis dahin Platz gibt.",
                "Ist es dringend, so sagen Sie es dem Empfänger auf anderem Weg.",
            ),
            "Der Empfänger kann alte Mail löschen und den Papierkorb leeren; sein Maildienst kann"
            " ihm mehr Platz geben.",
        ),
        "sender": Page(
            "Der Empfänger nimmt von Ihnen keine Mail an",
            "Ihre Adresse oder Ihre Domain steht auf einer Liste von Absendern, deren Mail der"
            " Empfänger oder seine Organisation nicht will.",
            (
                "Halten Sie es für einen Irrtum, so fragen Sie den Empfänger auf anderem Weg.",
                "Senden Sie Rundbriefe, so hat er genug davon. Nehmen Sie ihn von der Liste.",
            ),
            "Der Empfänger, oder wer seine Domain verwaltet, kann die Liste ändern.",
        ),
        "rejected": Page(
            "Eine Regel des Empfängers lehnt die Nachricht ab",
            "Der Empfänger hat für sein Postfach eine Regel eingerichtet, die Nachrichten wie diese"
            " ablehnt. Was die Antwort dazu sagt, sind seine Worte.",
            ("Tun Sie, worum die Antwort bittet, oder fragen Sie ihn auf anderem Weg.",),
            "Der Empfänger kann seine Regel ändern.",
        ),
        "gateway": Page(
            "Der Empfänger nimmt nur vertrauliche Mail an",
            "Mail an diese Adresse wird nur angenommen, wenn sie über das gesicherte Gateway kommt,"
            " das die Antwort nennt. Gewöhnliche Mail ist dafür nicht vertraulich genug.",
            (
                "Senden Sie von einem Maildienst aus, der mit diesem Gateway verbunden ist.",
                "Für anderes fragen Sie den Empfänger nach einer anderen Adresse.",
            ),
            "Wer die Domain verwaltet, bestimmt, welche Adressen vertraulich sind.",
        ),
        "relay": Page(
            "Solche Mail gibt dieser Server nicht weiter",
            "Die Mail ist für eine Adresse, die nicht zu diesem Server gehört, und kam von"
            " jemandem, der sich hier nicht angemeldet hat.",
            (
                "Haben Sie hier ein Postfach, so richten Sie Ihr Mailprogramm so ein, dass es sich"
                " zum Senden anmeldet.",
                "Sonst ist vielleicht die Adresse falsch, oder der MX-Eintrag ihrer Domain führt"
                " irrtümlich hierher. Sagen Sie es dem Empfänger auf anderem Weg.",
            ),
            "Gehört die Domain hierher, so muss der Betreiber sie einrichten; sonst ist ihr"
            " MX-Eintrag zu berichtigen.",
        ),
        "recipients": Page(
            "Zu viele Empfänger in einer Nachricht",
            "Eine Nachricht kann nur an eine bestimmte Zahl von Empfängern zugleich gehen, und"
            " Empfänger, die verschieden geschützt sind, erhalten sie nacheinander.",
            (
                "Mailserver senden die Nachricht den übrigen von selbst noch einmal.",
                "Haben Sie mit einem Mailprogramm gesendet, so senden Sie an weniger Empfänger aufs"
                " Mal, oder nehmen Sie eine Mailingliste.",
            ),
            "Wer den Dienst verwaltet, kann einer Organisation mehr Empfänger erlauben.",
        ),
        "login": Page(
            "Die Anmeldung hat nicht geklappt",
            "Ihr Mailprogramm muss sich über eine gesicherte Verbindung anmelden, bevor es senden"
            " darf. Adresse oder Passwort war falsch, oder es hat sich gar nicht angemeldet.",
            (
                "Prüfen Sie, ob der Benutzername Ihre ganze Mailadresse ist, und tippen Sie das"
                " Passwort neu ein.",
                "Wählen Sie im Mailprogramm TLS oder STARTTLS und «Passwort» als Art der Anmeldung."
                " Alle Angaben stehen auf der Startseite.",
                "Nach vielen falschen Versuchen macht der Server eine Pause; warten Sie einige"
                " Minuten.",
            ),
            "Wer Ihr Konto verwaltet, kann ein neues Passwort setzen.",
        ),
        "limits": Page(
            "Das Senden von Ihrem Konto ist eingeschränkt",
            "Ihr Konto hat mehr gesendet, als üblich oder erlaubt ist, oder es benimmt sich wie"
            " eines, dessen Passwort gestohlen wurde. Es ist gebremst oder gesperrt; Ihre Mail"
            " erhalten Sie weiterhin.",
            (
                "Waren Sie es selbst, so warten Sie, und senden Sie langsamer.",
                "Sonst ändern Sie sofort Ihr Passwort, entfernen Sie Gerätepasswörter, die Sie"
                " nicht kennen, und prüfen Sie Ihren Computer. Sie haben eine Nachricht darüber"
                " erhalten.",
            ),
            "Wer Ihr Konto verwaltet, kann es entsperren, sobald das Passwort geändert ist.",
        ),
        "own-address": Page(
            "Das ist keine Adresse von Ihnen",
            "Sie dürfen nur im Namen Ihrer eigenen Adressen senden. Der Absender dieser Nachricht"
            " ist ein anderer, oder er fehlt.",
            (
                "Stellen Sie im Mailprogramm einen Absender ein, der zu Ihrem Konto gehört.",
                "Lässt Sie jemand in seinem Namen senden, so muss er oder ein Verwalter es hier"
                " erlauben.",
            ),
            "Wer die Domain verwaltet, kann die Adresse Ihrem Konto geben oder das Senden in ihrem"
            " Namen erlauben.",
        ),
        "records": Page(
            "Die DNS-Einträge Ihrer Domain sind falsch",
            "Nach diesen Einträgen entscheiden andere Server, ob Mail von Ihrer Domain echt ist."
            " So, wie sie jetzt sind, würde Ihre Mail abgelehnt oder für Spam gehalten; darum wird"
            " sie nicht gesendet.",
            (
                "Sagen Sie es dem, der Ihre Domain verwaltet. Er hat eine Nachricht darüber"
                " erhalten.",
            ),
            "Welche Einträge nötig sind, zeigt «alphorn domain dns» mit dem Namen der Domain.",
        ),
    },
)
