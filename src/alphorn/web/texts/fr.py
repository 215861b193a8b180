"""French."""

from alphorn.web.texts.values import Page, Texts

TEXTS = Texts(
    name="Français",
    skip="Aller au contenu",
    home="Accueil",
    help="Aide",
    check="Suis-je bloqué ?",
    languages="Langues",
    colophon="Le service de messagerie de {host}, avec Alphorn, logiciel libre.",
    home_title="La messagerie de {host}",
    home_lead="Ceci est un serveur de messagerie. Si vous avez une boîte ici, cette page dit"
    " comment régler votre logiciel de messagerie. Si votre courrier a été refusé ici, elle dit où"
    " trouver de l’aide.",
    setup="Régler votre logiciel de messagerie",
    setup_lead="Votre nom d’utilisateur est votre adresse complète. Choisissez les réglages"
    " marqués ; les autres sont pour les logiciels qui ne savent pas mieux faire.",
    setup_use="Pour",
    setup_server="Serveur",
    setup_port="Port",
    setup_security="Sécurité",
    setup_best="recommandé",
    setup_none="Il n’y a pas de boîtes sur ce serveur.",
    uses={
        "imaps": "Lire le courrier (IMAP)",
        "imap": "Lire le courrier (IMAP)",
        "submissions": "Envoyer du courrier (SMTP)",
        "submission": "Envoyer du courrier (SMTP)",
        "sieve": "Règles pour votre courrier (ManageSieve)",
    },
    security={"implicit": "TLS (SSL)", "starttls": "STARTTLS", "none": "aucune"},
    refused="Votre courrier a-t-il été refusé ?",
    refused_lead="Pour chaque refus, une page dit ce qui s’est passé et ce que vous pouvez faire.",
    help_title="Aide pour le courrier refusé",
    help_lead="Si ce serveur a refusé votre courrier, sa réponse contient l’adresse d’une de ces"
    " pages. Cherchez les mots de la réponse, ou ce qui vous est arrivé.",
    groups={
        "server": "Le serveur qui envoie",
        "message": "Le message",
        "recipient": "Le destinataire",
        "users": "Pour ceux qui ont une boîte ici",
    },
    what="Ce qui s’est passé",
    sender="Ce que vous pouvez faire si vous avez envoyé le courrier",
    recipient="Ce que peut faire le destinataire ou son service de messagerie",
    reply="Ce que dit notre serveur",
    reply_lead="Voici à quoi ressemble la réponse, en anglais comme il est d’usage entre serveurs ;"
    " les noms et les nombres sont des exemples.",
    more="Si rien de cela n’aide, écrivez à {postmaster}, au besoin depuis un autre service de"
    " messagerie, et citez la réponse entière.",
    all_pages="Toutes les pages d’aide",
    check_title="Suis-je bloqué ?",
    check_lead="Voyez si ce serveur accepte le courrier d’une adresse IP et, sinon, pourquoi et"
    " pour combien de temps. C’est l’adresse du serveur qui envoie votre courrier qui compte ;"
    " votre service de messagerie la connaît.",
    check_label="Adresse IP",
    check_own="C’est l’adresse depuis laquelle vous nous visitez.",
    check_button="Vérifier",
    check_blocked="Le courrier de {address} est refusé.",
    check_delayed="Le courrier de {address} est accepté, mais peut être retardé.",
    check_free="Le courrier de {address} est accepté.",
    check_after="Cela ne vaut que pour l’entrée : un message peut encore être refusé pour son"
    " contenu ou son expéditeur.",
    check_failed={
        "address": "Ce n’est pas une adresse IP. En voici à titre d’exemple : 192.0.2.1 ou"
        " 2001:db8::1.",
        "rate": "Vous avez souvent demandé. Veuillez attendre quelques minutes avant de"
        " redemander.",
        "busy": "On n’a pas pu le savoir à l’instant. Veuillez réessayer dans une minute.",
    },
    errors={
        400: (
            "Nous n’avons pas compris",
            "Votre navigateur a demandé une chose, ou sous un nom, que ce serveur n’a pas.",
        ),
        404: (
            "Cette page n’existe pas",
            "L’adresse contient peut-être une faute de frappe, ou la page n’existe plus.",
        ),
        405: (
            "Ce n’est pas possible ici",
            "On peut lire cette page, mais on ne peut rien lui envoyer.",
        ),
        500: (
            "Quelque chose a mal tourné ici",
            "C’est notre faute et non la vôtre, et nous en avons pris note. Veuillez réessayer plus"
            " tard.",
        ),
    },
    error_next="Continuez ici :",
    pages={
        "banned": Page(
            "Votre serveur est bloqué pour un temps",
            "De cette adresse IP est venu à plusieurs reprises ce que seuls font les attaquants et"
            " les programmes de spam : on a essayé, par exemple, beaucoup d’adresses qui n’existent"
            " pas, ou beaucoup de mots de passe. Les connexions sont renvoyées jusqu’à la fin du"
            " blocage.",
            (
                "Voyez ci-dessous si votre adresse est bloquée, pourquoi et jusqu’à quand.",
                "Demandez à qui s’occupe de votre serveur d’en chercher la cause : un virus, un mot"
                " de passe volé, une vieille liste d’adresses. Les blocages qui se suivent sont de"
                " plus en plus longs.",
                "Votre serveur garde le courrier et réessaie de lui-même. Il n’est perdu que si le"
                " blocage dure plus longtemps que ces essais, et vous en êtes alors averti.",
            ),
            "L’exploitant de ce serveur voit le blocage et peut le lever.",
        ),
        "dns-lists": Page(
            "Votre serveur est sur une liste de blocage",
            "L’adresse IP qui a envoyé le courrier est sur une liste publique de serveurs qui"
            " envoient du spam. Ce serveur n’accepte pas de courrier des adresses de cette liste.",
            (
                "La réponse nomme la liste. Son site dit pourquoi l’adresse y est et comment l’en"
                " retirer. Seuls ceux qui tiennent la liste peuvent le faire.",
                "Si votre courrier passe par un service de messagerie, dites-le-lui. D’autres de"
                " ses clients en sont peut-être la cause.",
            ),
            "Le destinataire peut demander à son service de messagerie de ne pas utiliser la liste"
            " pour sa boîte.",
        ),
        "greylist": Page(
            "Revenez dans un instant",
            "Votre serveur écrit à ce destinataire pour la première fois. On demande aux nouveaux"
            " expéditeurs de réessayer après une courte attente, car les programmes de spam ne le"
            " font pas.",
            (
                "Vous n’avez rien à faire : les serveurs réessaient d’eux-mêmes, le plus souvent"
                " dans le quart d’heure.",
                "Si le courrier n’arrive jamais, votre serveur ne réessaie pas, ou chaque fois"
                " depuis un autre réseau. Dites-le à qui s’en occupe.",
            ),
            "Après le premier message, il n’y a plus d’attente. Le destinataire peut autoriser un"
            " expéditeur d’avance, ou faire supprimer l’attente.",
        ),
        "helo": Page(
            "Votre serveur donne un nom qui ne peut être juste",
            "Au début d’une connexion, un serveur de messagerie dit son nom. Le vôtre en a donné un"
            " qui n’existe pas, qui est le nôtre, ou qui n’est pas un nom.",
            (
                "Qui s’occupe de votre serveur devrait le faire saluer de son nom complet, comme"
                " mail.example.org, qui mène à son adresse IP dans le DNS.",
                "Si votre propre ordinateur envoie directement, utilisez plutôt le serveur d’envoi"
                " de votre service de messagerie.",
            ),
            "Le service de messagerie du destinataire peut supprimer ce contrôle pour lui.",
        ),
        "manners": Page(
            "Votre serveur n’attend pas son tour",
            "Entre serveurs, l’un parle et l’autre attend. Le vôtre a continué avant que le nôtre"
            " ait salué ou répondu. Les serveurs de messagerie ne font pas cela ; les programmes de"
            " spam, si.",
            (
                "Dites-le à qui s’occupe de votre serveur. Le plus souvent, un programme qui n’est"
                " pas un serveur de messagerie envoie, ou un pare-feu change le dialogue.",
            ),
            "Rien : le destinataire n’y est pour rien. L’exploitant de ce serveur peut faire une"
            " exception pour une adresse.",
        ),
        "too-many": Page(
            "Trop à la fois",
            "Il est venu de votre serveur, en peu de temps, plus de connexions, de messages ou"
            " d’expéditeurs que ce qui est permis.",
            (
                "Vous n’avez rien à faire : votre serveur réessaie de lui-même.",
                "Si cela arrive souvent, qui s’occupe de votre serveur devrait envoyer moins de"
                " messages en même temps.",
            ),
            "L’exploitant de ce serveur peut relever les limites ou en exempter une adresse.",
        ),
        "protocol": Page(
            "Les programmes ne se sont pas compris",
            "Ce que votre serveur ou votre logiciel a envoyé ne suit pas les règles du transport du"
            " courrier (SMTP). La réponse dit ce qui était faux.",
            (
                "Réessayez ; la connexion a peut-être été perturbée.",
                "Si cela arrive chaque fois, transmettez la réponse à qui s’occupe de votre serveur"
                " ou a fait votre logiciel.",
            ),
            "Rien, sauf si cela arrive à beaucoup : alors l’exploitant de ce serveur devrait"
            " regarder.",
        ),
        "later": Page(
            "Pas maintenant : réessayez plus tard",
            "Quelque chose ne marche pas ici en ce moment : un disque, un contrôle, ou tout le"
            " service est en train de redémarrer.",
            (
                "Vous n’avez rien à faire : votre serveur réessaie de lui-même pendant quelques"
                " jours.",
                "Si vous avez envoyé depuis un logiciel de messagerie, renvoyez dans quelques"
                " minutes.",
            ),
            "L’exploitant de ce serveur en trouve la cause dans son journal.",
        ),
        "dmarc": Page(
            "Rien ne prouve que le courrier est authentique",
            "Le propriétaire du domaine de l’expéditeur demande à tous de refuser le courrier qui"
            " ne prouve pas qu’il en vient (DMARC). Ce message ne l’a pas fait : il n’était pas"
            " signé par le domaine et ne venait pas d’un serveur que le domaine nomme.",
            (
                "Si vous gérez le domaine : vérifiez ses enregistrements SPF, DKIM et DMARC, et si"
                " chaque service qui envoie pour vous signe avec votre domaine.",
                "Si vous avez envoyé par une liste ou une redirection : écrivez directement au"
                " destinataire.",
                "Si la réponse dit de réessayer plus tard, le DNS n’a pas répondu ; votre serveur"
                " le fait de lui-même.",
            ),
            "Un service de redirection auquel l’exploitant se fie peut être nommé dans les"
            " réglages.",
        ),
        "spam": Page(
            "Le message ressemble à du spam",
            "Le message a tant en commun avec le courrier indésirable qu’il n’a pas été accepté, ou"
            " pas envoyé. Les mots, les liens, la construction et ce qu’on sait de l’expéditeur"
            " comptent ensemble.",
            (
                "Écrivez plus simplement : moins de liens et d’images, pas de pièces jointes, un"
                " objet clair.",
                "Dites au destinataire par un autre moyen que votre courrier n’arrive pas.",
                "Si vous n’avez rien envoyé, quelqu’un utilise peut-être votre compte : changez"
                " votre mot de passe.",
            ),
            "Le destinataire peut vous mettre sur sa liste d’expéditeurs autorisés, ou choisir la"
            " sévérité de son filtre.",
        ),
        "malware": Page(
            "Le message contient un programme malveillant",
            "Un antivirus a trouvé un programme nuisible dans le message ou dans une pièce jointe.",
            (
                "Ne le renvoyez pas. Vérifiez votre ordinateur avec un antivirus à jour.",
                "Si vous êtes certain que c’est une erreur, déposez le fichier où l’on peut le"
                " télécharger et envoyez le lien.",
            ),
            "Il n’y a rien à faire. Personne n’a reçu le message.",
        ),
        "attachments": Page(
            "Une pièce jointe est d’un genre qui n’est pas accepté",
            "Le message contient un fichier qui pourrait nuire : un programme, un document dont les"
            " macros s’exécutent d’elles-mêmes, ou une archive qui en contient un. La réponse nomme"
            " le fichier.",
            (
                "Envoyez le document sans macros, ou en PDF.",
                "Déposez le fichier où l’on peut le télécharger et envoyez le lien.",
            ),
            "L’exploitant de ce serveur décide quels genres de fichiers sont acceptés.",
        ),
        "headers": Page(
            "Le message n’est pas construit comme il faut",
            "L’en-tête ou les lignes du message sont faits comme ne le fait aucun logiciel"
            " ordinaire, et d’une façon qui peut tromper qui le lit.",
            (
                "Envoyez-le avec un logiciel de messagerie ordinaire.",
                "Si un programme ou un site à vous l’a fait, transmettez la réponse à qui l’a"
                " écrit : plusieurs champs From, des champs sans nom, des lignes très longues et"
                " des fins de ligne autres que CR LF sont des causes fréquentes.",
            ),
            "Le service de messagerie du destinataire voit dans son suivi quelle règle c’était.",
        ),
        "too-large": Page(
            "Le message est trop grand",
            "Le message est plus grand que ce que ce serveur, ou la boîte du destinataire, accepte."
            " Les pièces jointes grandissent d’un tiers à l’envoi.",
            (
                "Réduisez les images, ou envoyez les pièces jointes une à une.",
                "Déposez les grands fichiers où l’on peut les télécharger et envoyez le lien.",
            ),
            "L’exploitant de ce serveur peut relever les limites.",
        ),
        "loop": Page(
            "Le message tourne en rond",
            "Le message a traversé trop de serveurs, ou plusieurs fois celui-ci. Le plus souvent,"
            " deux adresses se renvoient leur courrier l’une à l’autre.",
            (
                "Écrivez à une autre adresse du destinataire, et dites-le-lui.",
                "Si vous avez vous-même une redirection, voyez si elle revient à son début.",
            ),
            "Une des redirections doit être changée ou supprimée.",
        ),
        "no-mailbox": Page(
            "Cette boîte n’existe pas",
            "Personne ne reçoit de courrier à l’adresse à laquelle vous avez écrit. Elle contient"
            " peut-être une faute de frappe, ou elle n’existe plus.",
            (
                "Vérifiez l’adresse lettre par lettre, après le @ aussi.",
                "Demandez au destinataire par un autre moyen son adresse actuelle.",
                "Si votre logiciel propose l’adresse, supprimez cette proposition.",
            ),
            "Un administrateur du domaine peut créer l’adresse, ou un alias pour une ancienne.",
        ),
        "address": Page(
            "Ce n’est pas une adresse de courrier",
            "L’adresse de l’expéditeur ou d’un destinataire n’est pas écrite comme une adresse, ou"
            " a des lettres que votre logiciel ne peut pas envoyer.",
            (
                "Cherchez des espaces, des virgules, un @ manquant ou un point de trop.",
                "Les adresses avec d’autres lettres que a à z demandent un logiciel qui les connaît"
                " (SMTPUTF8).",
            ),
            "Rien : le destinataire n’y est pour rien.",
        ),
        "switched-off": Page(
            "La boîte ou le domaine est désactivé",
            "L’adresse existe, mais n’accepte pas de courrier pour le moment : sa boîte, son"
            " domaine ou sa redirection est désactivé ou suspendu.",
            (
                "Contactez le destinataire par un autre moyen.",
                "Si c’est de votre propre compte que vous ne pouvez envoyer, demandez à qui le"
                " gère.",
            ),
            "Un administrateur du domaine peut le réactiver.",
        ),
        "mailbox-full": Page(
            "La boîte est pleine",
            "La boîte du destinataire n’a pas de place pour ce message en ce moment.",
            (
                "Vous n’avez rien à faire : votre serveur essaie pendant quelques jours, et le"
                " message arrive s’il y a de la place d’ici là.",
                "Si c’est urgent, dites-le au destinataire par un autre moyen.",
            ),
            "Le destinataire peut supprimer du vieux courrier et vider la corbeille ; son service"
            " de messagerie peut lui donner plus de place.",
        ),
        "sender": Page(
            "Le destinataire n’accepte pas de courrier de vous",
            "Votre adresse ou votre domaine est sur une liste d’expéditeurs dont le destinataire,"
            " ou son organisation, ne veut pas de courrier.",
            (
                "Si vous pensez que c’est une erreur, demandez au destinataire par un autre moyen.",
                "Si vous envoyez des lettres d’information, il en a assez. Retirez-le de la liste.",
            ),
            "Le destinataire, ou un administrateur de son domaine, peut changer la liste.",
        ),
        "rejected": Page(
            "Une règle du destinataire refuse le message",
            "Le destinataire a mis en place pour sa boîte une règle qui refuse les messages comme"
            " celui-ci. Ce qu’en dit la réponse, ce sont ses mots.",
            ("Faites ce que la réponse demande, ou contactez-le par un autre moyen.",),
            "Le destinataire peut changer sa règle.",
        ),
        "gateway": Page(
            "Le destinataire n’accepte que du courrier confidentiel",
            "Le courrier pour cette adresse n’est accepté que s’il vient par la passerelle"
            " sécurisée que nomme la réponse. Le courrier ordinaire n’est pas assez confidentiel"
            " pour elle.",
            (
                "Envoyez depuis un service de messagerie relié à cette passerelle.",
                "Pour ce qui n’est pas confidentiel, demandez au destinataire une autre adresse.",
            ),
            "Un administrateur du domaine décide quelles adresses sont confidentielles.",
        ),
        "relay": Page(
            "Ce serveur ne transmet pas ce courrier",
            "Le courrier est pour une adresse qui n’est pas de ce serveur, et venait de quelqu’un"
            " qui ne s’est pas identifié ici.",
            (
                "Si vous avez une boîte ici : réglez votre logiciel pour qu’il s’identifie à"
                " l’envoi.",
                "Sinon, l’adresse est peut-être fausse, ou l’enregistrement MX de son domaine mène"
                " ici par erreur. Dites-le au destinataire par un autre moyen.",
            ),
            "Si le domaine doit être ici, l’exploitant doit l’ajouter ; sinon, son enregistrement"
            " MX est à corriger.",
        ),
        "recipients": Page(
            "Trop de destinataires dans un message",
            "Un message ne peut aller qu’à un certain nombre de destinataires à la fois, et ceux"
            " qui sont protégés de manières différentes le reçoivent l’un après l’autre.",
            (
                "Les serveurs renvoient d’eux-mêmes le message aux autres.",
                "Si vous avez envoyé depuis un logiciel de messagerie, envoyez à moins de"
                " destinataires à la fois, ou utilisez une liste de diffusion.",
            ),
            "Un administrateur peut permettre plus de destinataires à une organisation.",
        ),
        "login": Page(
            "L’identification n’a pas marché",
            "Votre logiciel doit s’identifier, par une connexion sécurisée, avant de pouvoir"
            " envoyer. L’adresse ou le mot de passe était faux, ou il ne s’est pas identifié.",
            (
                "Vérifiez que le nom d’utilisateur est votre adresse complète, et retapez le mot de"
                " passe.",
                "Choisissez TLS ou STARTTLS dans votre logiciel, et « mot de passe » comme manière"
                " de s’identifier. Tous les réglages sont sur la page d’accueil.",
                "Après beaucoup d’essais faux, le serveur fait une pause ; attendez quelques"
                " minutes.",
            ),
            "Qui gère votre compte peut mettre un nouveau mot de passe.",
        ),
        "limits": Page(
            "L’envoi depuis votre compte est limité",
            "Votre compte a envoyé plus que d’habitude ou que permis, ou se comporte comme un"
            " compte dont le mot de passe a été volé. Il est ralenti ou bloqué ; vous recevez"
            " toujours votre courrier.",
            (
                "Si c’était vous : attendez, et envoyez plus lentement.",
                "Sinon : changez tout de suite votre mot de passe, supprimez les mots de passe"
                " d’appareil que vous ne connaissez pas, et vérifiez votre ordinateur. Un message"
                " vous en a averti.",
            ),
            "Qui gère votre compte peut le débloquer une fois le mot de passe changé.",
        ),
        "own-address": Page(
            "Ce n’est pas une de vos adresses",
            "Vous ne pouvez envoyer qu’au nom de vos propres adresses. L’expéditeur de ce message"
            " en est une autre, ou manque.",
            (
                "Réglez dans votre logiciel une adresse d’expéditeur de votre compte.",
                "Si quelqu’un vous laisse envoyer en son nom, lui ou un administrateur doit le"
                " permettre ici.",
            ),
            "Un administrateur peut ajouter l’adresse à votre compte, ou permettre l’envoi en son"
            " nom.",
        ),
        "records": Page(
            "Les enregistrements DNS de votre domaine sont faux",
            "D’autres serveurs décident d’après ces enregistrements si le courrier de votre domaine"
            " est authentique. Tels qu’ils sont, votre courrier serait refusé ou pris pour du spam"
            " ; il n’est donc pas envoyé.",
            ("Dites-le à qui gère votre domaine. Un message l’en a averti.",),
            "Les enregistrements nécessaires sont donnés par « alphorn domain dns » et le nom du"
            " domaine.",
        ),
    },
)
