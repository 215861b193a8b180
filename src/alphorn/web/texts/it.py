"""Italian."""

from alphorn.web.texts.values import Page, Texts

TEXTS = Texts(
    name="Italiano",
    skip="Vai al contenuto",
    home="Pagina iniziale",
    help="Aiuto",
    check="Sono bloccato?",
    languages="Lingue",
    colophon="Il servizio di posta di {host}, con Alphorn, software libero.",
    home_title="La posta di {host}",
    home_lead="Questo è un server di posta. Se ha una casella qui, questa pagina dice come"
    " impostare il Suo programma di posta. Se la Sua posta è stata rifiutata qui, dice dove"
    " trovare aiuto.",
    setup="Impostare il programma di posta",
    setup_lead="Il Suo nome utente è l’indirizzo completo. Scelga le impostazioni segnate; le altre"
    " sono per i programmi che non sanno fare di meglio.",
    setup_use="Per",
    setup_server="Server",
    setup_port="Porta",
    setup_security="Sicurezza",
    setup_best="consigliato",
    setup_none="Su questo server non ci sono caselle.",
    uses={
        "imaps": "Leggere la posta (IMAP)",
        "imap": "Leggere la posta (IMAP)",
        "submissions": "Inviare posta (SMTP)",
        "submission": "Inviare posta (SMTP)",
        "sieve": "Regole per la posta (ManageSieve)",
    },
    security={"implicit": "TLS (SSL)", "starttls": "STARTTLS", "none": "nessuna"},
    refused="La Sua posta è stata rifiutata?",
    refused_lead="Per ogni rifiuto c’è una pagina che dice che cosa è successo e che cosa può"
    " fare.",
    help_title="Aiuto per la posta rifiutata",
    help_lead="Se questo server ha rifiutato la Sua posta, la risposta contiene l’indirizzo di una"
    " di queste pagine. Cerchi le parole della risposta, o ciò che Le è successo.",
    groups={
        "server": "Il server che invia",
        "message": "Il messaggio",
        "recipient": "Il destinatario",
        "users": "Per chi ha una casella qui",
    },
    what="Che cosa è successo",
    sender="Che cosa può fare se ha inviato Lei la posta",
    recipient="Che cosa può fare il destinatario o il suo servizio di posta",
    reply="Che cosa dice il nostro server",
    reply_lead="La risposta si presenta così, in inglese com’è d’uso tra i server; i nomi e i"
    " numeri sono esempi.",
    more="Se tutto ciò non aiuta, scriva a {postmaster}, se occorre da un altro servizio di posta,"
    " e citi l’intera risposta.",
    all_pages="Tutte le pagine di aiuto",
    check_title="Sono bloccato?",
    check_lead="Veda se questo server accetta posta da un indirizzo IP e, se no, perché e per"
    " quanto tempo. Conta l’indirizzo del server che invia la Sua posta; il Suo servizio di posta"
    " lo conosce.",
    check_label="Indirizzo IP",
    check_own="È l’indirizzo dal quale ci visita.",
    check_button="Controlla",
    check_blocked="La posta da {address} viene rifiutata.",
    check_delayed="La posta da {address} è accettata, ma può essere ritardata.",
    check_free="La posta da {address} è accettata.",
    check_after="Questo vale solo per la porta: un messaggio può ancora essere rifiutato per il suo"
    " contenuto o per il mittente.",
    check_failed={
        "address": "Questo non è un indirizzo IP. Uno è fatto così: 192.0.2.1 o 2001:db8::1.",
        "rate": "Ha chiesto spesso. Attenda alcuni minuti prima di chiedere ancora.",
        "busy": "Al momento non si è potuto sapere. Riprovi tra un minuto.",
    },
    errors={
        400: (
            "Non abbiamo capito",
            "Il Suo browser ha chiesto una cosa, o sotto un nome, che questo server non ha.",
        ),
        404: (
            "Questa pagina non esiste",
            "Forse l’indirizzo contiene un errore di battitura, o la pagina non c’è più.",
        ),
        405: (
            "Qui non è possibile",
            "Questa pagina si può leggere, ma non le si può inviare nulla.",
        ),
        500: (
            "Qui qualcosa è andato storto",
            "È colpa nostra, non Sua, e ne abbiamo preso nota. Riprovi più tardi.",
        ),
    },
    error_next="Prosegua qui:",
    pages={
        "banned": Page(
            "Il Suo server è bloccato per un certo tempo",
            "Da questo indirizzo IP è venuto più volte ciò che fanno solo gli aggressori e i"
            " programmi di spam: si sono provati, per esempio, molti indirizzi che non esistono, o"
            " molte password. Le connessioni vengono respinte fino alla fine del blocco.",
            (
                "Veda qui sotto se il Suo indirizzo è bloccato, perché e fino a quando.",
                "Chieda a chi cura il Suo server di cercarne la causa: un virus, una password"
                " rubata, un vecchio elenco di indirizzi. I blocchi che si susseguono diventano più"
                " lunghi.",
                "Il Suo server conserva la posta e riprova da sé. Va persa solo se il blocco dura"
                " più dei tentativi, e allora Lei viene avvisato.",
            ),
            "Il gestore di questo server vede il blocco e può toglierlo.",
        ),
        "dns-lists": Page(
            "Il Suo server è in una lista di blocco",
            "L’indirizzo IP che ha inviato la posta è in una lista pubblica di server che inviano"
            " spam. Questo server non accetta posta dagli indirizzi di quella lista.",
            (
                "La risposta nomina la lista. Il suo sito dice perché l’indirizzo vi è e come si"
                " toglie. Può farlo solo chi tiene la lista.",
                "Se la Sua posta passa per un servizio di posta, glielo dica. Forse la causa sono"
                " altri suoi clienti.",
            ),
            "Il destinatario può chiedere al suo servizio di posta di non usare la lista per la sua"
            " casella.",
        ),
        "greylist": Page(
            "Torni tra un momento",
            "Il Suo server scrive a questo destinatario per la prima volta. Ai mittenti nuovi si"
            " chiede di riprovare dopo una breve attesa, perché i programmi di spam non lo fanno.",
            (
                "Non deve fare nulla: i server di posta riprovano da sé, per lo più entro un quarto"
                " d’ora.",
                "Se la posta non arriva mai, il Suo server non riprova, o ogni volta da un’altra"
                " rete. Lo dica a chi lo cura.",
            ),
            "Dopo il primo messaggio non c’è più attesa. Il destinatario può ammettere un mittente"
            " in anticipo, o far togliere l’attesa.",
        ),
        "helo": Page(
            "Il Suo server dà un nome che non può essere giusto",
            "All’inizio di una connessione un server di posta dice il suo nome. Il Suo ne ha dato"
            " uno che non esiste, che è nostro, o che non è un nome.",
            (
                "Chi cura il Suo server dovrebbe farlo salutare con il nome completo, come"
                " mail.example.org, che nel DNS porta al suo indirizzo IP.",
                "Se invia direttamente il Suo computer, usi invece il server di invio del Suo"
                " servizio di posta.",
            ),
            "Il servizio di posta del destinatario può togliere questo controllo per lui.",
        ),
        "manners": Page(
            "Il Suo server non aspetta il suo turno",
            "Tra server di posta uno parla e l’altro aspetta. Il Suo ha proseguito prima che il"
            " nostro avesse salutato o risposto. I server di posta non lo fanno; i programmi di"
            " spam sì.",
            (
                "Lo dica a chi cura il Suo server. Per lo più invia un programma che non è un"
                " server di posta, o un firewall cambia il dialogo.",
            ),
            "Nulla: il destinatario non c’entra. Il gestore di questo server può fare un’eccezione"
            " per un indirizzo.",
        ),
        "too-many": Page(
            "Troppo in una volta",
            "Dal Suo server sono venuti, in poco tempo, più connessioni, messaggi o mittenti di"
            " quanti sono permessi.",
            (
                "Non deve fare nulla: il Suo server riprova da sé.",
                "Se succede spesso, chi cura il Suo server dovrebbe inviare meno messaggi allo"
                " stesso tempo.",
            ),
            "Il gestore di questo server può alzare i limiti o esentarne un indirizzo.",
        ),
        "protocol": Page(
            "I programmi non si sono capiti",
            "Ciò che il Suo server o programma di posta ha inviato non segue le regole del"
            " trasporto della posta (SMTP). La risposta dice che cosa era sbagliato.",
            (
                "Riprovi; forse la connessione era disturbata.",
                "Se succede ogni volta, passi la risposta a chi cura il Suo server o ha fatto il"
                " Suo programma.",
            ),
            "Nulla, a meno che succeda a molti: allora il gestore di questo server dovrebbe"
            " guardare.",
        ),
        "later": Page(
            "Non ora: riprovi più tardi",
            "Qui al momento qualcosa non funziona: un disco, un controllo, o tutto il servizio sta"
            " ripartendo.",
            (
                "Non deve fare nulla: il Suo server riprova da sé per alcuni giorni.",
                "Se ha inviato da un programma di posta, invii di nuovo tra alcuni minuti.",
            ),
            "Il gestore di questo server ne trova la causa nel suo registro.",
        ),
        "dmarc": Page(
            "Nulla prova che la posta sia autentica",
            "Il proprietario del dominio del mittente chiede a tutti di rifiutare la posta che non"
            " prova di venire da lì (DMARC). Questo messaggio non l’ha fatto: non era firmato dal"
            " dominio e non veniva da un server che il dominio nomina.",
            (
                "Se gestisce il dominio: controlli i suoi record SPF, DKIM e DMARC, e se ogni"
                " servizio che invia per Lei firma con il Suo dominio.",
                "Se ha inviato per una lista o un inoltro: scriva direttamente al destinatario.",
                "Se la risposta dice di riprovare più tardi, il DNS non ha risposto; il Suo server"
                " lo fa da sé.",
            ),
            "Un servizio di inoltro di cui il gestore si fida può essere nominato nelle"
            " impostazioni.",
        ),
        "spam": Page(
            "Il messaggio sembra spam",
            "Il messaggio ha tanto in comune con la posta indesiderata che non è stato accettato, o"
            " non inviato. Parole, link, costruzione e ciò che si sa del mittente contano insieme.",
            (
                "Lo scriva più semplicemente: meno link e immagini, niente allegati, un oggetto"
                " chiaro.",
                "Dica al destinatario in un altro modo che la Sua posta non arriva.",
                "Se non ha inviato nulla, forse qualcuno usa il Suo account: cambi la password.",
            ),
            "Il destinatario può metterLa nella sua lista di mittenti ammessi, o scegliere quanto è"
            " severo il suo filtro.",
        ),
        "malware": Page(
            "Il messaggio contiene un programma dannoso",
            "Un antivirus ha trovato un programma dannoso nel messaggio o in un allegato.",
            (
                "Non lo invii di nuovo. Controlli il Suo computer con un antivirus aggiornato.",
                "Se è certo che sia un errore, metta il file dove si può scaricare e invii il"
                " link.",
            ),
            "Non c’è nulla da fare. Nessuno ha ricevuto il messaggio.",
        ),
        "attachments": Page(
            "Un allegato è di un tipo che non si accetta",
            "Il messaggio contiene un file che potrebbe fare danno: un programma, un documento con"
            " macro che partono da sole, o un archivio che ne contiene uno. La risposta nomina il"
            " file.",
            (
                "Invii il documento senza macro, o come PDF.",
                "Metta il file dove si può scaricare e invii il link.",
            ),
            "Il gestore di questo server decide quali tipi di file si accettano.",
        ),
        "headers": Page(
            "Il messaggio non è costruito come deve",
            "L’intestazione o le righe del messaggio sono fatte come non fa alcun programma"
            " ordinario, e in un modo che può ingannare chi lo legge.",
            (
                "Lo invii con un programma di posta ordinario.",
                "Se l’ha fatto un programma o un sito Suo, passi la risposta a chi l’ha scritto:"
                " più campi From, campi senza nome, righe molto lunghe e fine riga diversi da CR"
                " LF sono cause frequenti.",
            ),
            "Il servizio di posta del destinatario vede nel suo tracciato quale regola era.",
        ),
        "too-large": Page(
            "Il messaggio è troppo grande",
            "Il messaggio è più grande di quanto accetti questo server, o la casella del"
            " destinatario. Gli allegati crescono di un terzo con l’invio.",
            (
                "Rimpicciolisca le immagini, o invii gli allegati uno per uno.",
                "Metta i file grandi dove si possono scaricare e invii il link.",
            ),
            "Il gestore di questo server può alzare i limiti.",
        ),
        "loop": Page(
            "Il messaggio gira in tondo",
            "Il messaggio è passato per troppi server, o più volte per questo. Per lo più due"
            " indirizzi si inoltrano la posta a vicenda.",
            (
                "Scriva a un altro indirizzo del destinatario, e glielo dica.",
                "Se ha Lei stesso un inoltro, veda se riporta al suo inizio.",
            ),
            "Uno degli inoltri va cambiato o tolto.",
        ),
        "no-mailbox": Page(
            "Questa casella non esiste",
            "Nessuno riceve posta all’indirizzo al quale ha scritto. Forse contiene un errore di"
            " battitura, o non c’è più.",
            (
                "Controlli l’indirizzo lettera per lettera, anche dopo la @.",
                "Chieda al destinatario in un altro modo il suo indirizzo attuale.",
                "Se il Suo programma propone l’indirizzo, tolga la proposta.",
            ),
            "Un amministratore del dominio può creare l’indirizzo, o un alias per uno vecchio.",
        ),
        "address": Page(
            "Questo non è un indirizzo di posta",
            "L’indirizzo del mittente o di un destinatario non è scritto come un indirizzo, o ha"
            " lettere che il Suo programma non può inviare.",
            (
                "Cerchi spazi, virgole, una @ mancante o un punto di troppo.",
                "Gli indirizzi con lettere diverse da a–z vogliono un programma che le conosca"
                " (SMTPUTF8).",
            ),
            "Nulla: il destinatario non c’entra.",
        ),
        "switched-off": Page(
            "La casella o il dominio è disattivato",
            "L’indirizzo esiste, ma per ora non accetta posta: la sua casella, il suo dominio o il"
            " suo inoltro è disattivato o sospeso.",
            (
                "Contatti il destinatario in un altro modo.",
                "Se è dal Suo account che non può inviare, chieda a chi lo gestisce.",
            ),
            "Un amministratore del dominio può riattivarlo.",
        ),
        "mailbox-full": Page(
            "La casella è piena",
            "La casella del destinatario ora non ha posto per questo messaggio.",
            (
                "Non deve fare nulla: il Suo server prova per alcuni giorni, e il messaggio arriva"
                " se nel frattempo si fa posto.",
                "Se è urgente, lo dica al destinatario in un altro modo.",
            ),
            "Il destinatario può eliminare la posta vecchia e vuotare il cestino; il suo servizio"
            " di posta può dargli più spazio.",
        ),
        "sender": Page(
            "Il destinatario non accetta posta da Lei",
            "Il Suo indirizzo o dominio è in una lista di mittenti di cui il destinatario, o la sua"
            " organizzazione, non vuole posta.",
            (
                "Se pensa che sia un errore, chieda al destinatario in un altro modo.",
                "Se invia newsletter, ne ha abbastanza. Lo tolga dalla lista.",
            ),
            "Il destinatario, o un amministratore del suo dominio, può cambiare la lista.",
        ),
        "rejected": Page(
            "Una regola del destinatario rifiuta il messaggio",
            "Il destinatario ha impostato per la sua casella una regola che rifiuta messaggi come"
            " questo. Ciò che ne dice la risposta sono parole sue.",
            ("Faccia ciò che chiede la risposta, o lo contatti in un altro modo.",),
            "Il destinatario può cambiare la sua regola.",
        ),
        "gateway": Page(
            "Il destinatario accetta solo posta confidenziale",
            "La posta per questo indirizzo si accetta solo se viene per il gateway sicuro che la"
            " risposta nomina. La posta ordinaria non è abbastanza confidenziale.",
            (
                "Invii da un servizio di posta collegato a quel gateway.",
                "Per ciò che non è confidenziale, chieda al destinatario un altro indirizzo.",
            ),
            "Un amministratore del dominio decide quali indirizzi sono confidenziali.",
        ),
        "relay": Page(
            "Questo server non inoltra tale posta",
            "La posta è per un indirizzo che non appartiene a questo server, e veniva da qualcuno"
            " che qui non ha fatto l’accesso.",
            (
                "Se ha una casella qui: imposti il programma in modo che faccia l’accesso per"
                " inviare.",
                "Se no, forse l’indirizzo è sbagliato, o il record MX del suo dominio porta qui per"
                " errore. Lo dica al destinatario in un altro modo.",
            ),
            "Se il dominio deve stare qui, il gestore deve aggiungerlo; altrimenti il suo record MX"
            " va corretto.",
        ),
        "recipients": Page(
            "Troppi destinatari in un messaggio",
            "Un messaggio può andare solo a un certo numero di destinatari per volta, e quelli"
            " protetti in modi diversi lo ricevono uno dopo l’altro.",
            (
                "I server di posta inviano da sé il messaggio agli altri.",
                "Se ha inviato da un programma di posta, invii a meno destinatari per volta, o usi"
                " una lista.",
            ),
            "Un amministratore può permettere più destinatari a un’organizzazione.",
        ),
        "login": Page(
            "L’accesso non è riuscito",
            "Il Suo programma deve fare l’accesso, per una connessione sicura, prima di poter"
            " inviare. L’indirizzo o la password era sbagliato, o non ha fatto l’accesso.",
            (
                "Controlli che il nome utente sia l’indirizzo completo, e riscriva la password.",
                "Scelga TLS o STARTTLS nel programma, e «password» come modo di accesso. Tutte le"
                " impostazioni sono nella pagina iniziale.",
                "Dopo molti tentativi sbagliati il server fa una pausa; attenda alcuni minuti.",
            ),
            "Chi gestisce il Suo account può mettere una nuova password.",
        ),
        "limits": Page(
            "L’invio dal Suo account è limitato",
            "Il Suo account ha inviato più del solito o del permesso, o si comporta come uno la cui"
            " password è stata rubata. È rallentato o bloccato; la posta Le arriva ancora.",
            (
                "Se era Lei: attenda, e invii più lentamente.",
                "Se no: cambi subito la password, tolga le password di dispositivi che non conosce,"
                " e controlli il computer. Un messaggio L’ha avvisata.",
            ),
            "Chi gestisce il Suo account può sbloccarlo una volta cambiata la password.",
        ),
        "own-address": Page(
            "Questo non è un Suo indirizzo",
            "Può inviare solo a nome dei Suoi indirizzi. Il mittente di questo messaggio è un"
            " altro, o manca.",
            (
                "Imposti nel programma un mittente che appartiene al Suo account.",
                "Se qualcuno Le lascia inviare a suo nome, lui o un amministratore deve permetterlo"
                " qui.",
            ),
            "Un amministratore può aggiungere l’indirizzo al Suo account, o permettere l’invio a"
            " suo nome.",
        ),
        "records": Page(
            "I record DNS del Suo dominio sono sbagliati",
            "Da questi record altri server decidono se la posta del Suo dominio è autentica. Così"
            " come sono, la Sua posta verrebbe rifiutata o presa per spam; perciò non viene"
            " inviata.",
            ("Lo dica a chi gestisce il Suo dominio. Un messaggio l’ha avvisato.",),
            "I record necessari li mostra «alphorn domain dns» con il nome del dominio.",
        ),
    },
)
