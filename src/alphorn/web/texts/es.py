"""Spanish."""

from alphorn.web.texts.values import Page, Texts

TEXTS = Texts(
    name="Español",
    skip="Ir al contenido",
    home="Inicio",
    help="Ayuda",
    check="¿Estoy bloqueado?",
    languages="Idiomas",
    colophon="El servicio de correo de {host}, con Alphorn, software libre.",
    home_title="El correo de {host}",
    home_lead="Este es un servidor de correo. Si tiene un buzón aquí, esta página dice cómo"
    " configurar su programa de correo. Si su correo fue rechazado aquí, dice dónde hay ayuda.",
    setup="Configurar el programa de correo",
    setup_lead="Su nombre de usuario es su dirección completa. Elija los ajustes marcados; los"
    " demás son para programas que no saben hacerlo mejor.",
    setup_use="Para",
    setup_server="Servidor",
    setup_port="Puerto",
    setup_security="Seguridad",
    setup_best="recomendado",
    setup_none="En este servidor no hay buzones.",
    uses={
        "imaps": "Leer el correo (IMAP)",
        "imap": "Leer el correo (IMAP)",
        "submissions": "Enviar correo (SMTP)",
        "submission": "Enviar correo (SMTP)",
        "sieve": "Reglas para su correo (ManageSieve)",
    },
    security={"implicit": "TLS (SSL)", "starttls": "STARTTLS", "none": "ninguna"},
    refused="¿Fue rechazado su correo?",
    refused_lead="Para cada rechazo hay una página que dice qué pasó y qué puede hacer.",
    help_title="Ayuda para el correo rechazado",
    help_lead="Si este servidor rechazó su correo, la respuesta lleva la dirección de una de estas"
    " páginas. Busque las palabras de la respuesta, o lo que le pasó.",
    groups={
        "server": "El servidor que envía",
        "message": "El mensaje",
        "recipient": "El destinatario",
        "users": "Para quienes tienen un buzón aquí",
    },
    what="Qué pasó",
    sender="Qué puede hacer si usted envió el correo",
    recipient="Qué puede hacer el destinatario o su servicio de correo",
    reply="Qué dice nuestro servidor",
    reply_lead="Así es la respuesta, en inglés como es costumbre entre servidores; los nombres y"
    " los números son ejemplos.",
    more="Si nada de esto ayuda, escriba a {postmaster}, si hace falta desde otro servicio de"
    " correo, y cite la respuesta entera.",
    all_pages="Todas las páginas de ayuda",
    check_title="¿Estoy bloqueado?",
    check_lead="Vea si este servidor acepta correo de una dirección IP y, si no, por qué y por"
    " cuánto tiempo. Cuenta la dirección del servidor que envía su correo; su servicio de correo"
    " la conoce.",
    check_label="Dirección IP",
    check_own="Es la dirección desde la que nos visita.",
    check_button="Comprobar",
    check_blocked="El correo de {address} se rechaza.",
    check_delayed="El correo de {address} se acepta, pero puede retrasarse.",
    check_free="El correo de {address} se acepta.",
    check_after="Esto vale solo para la entrada: un mensaje aún puede rechazarse por su contenido o"
    " por su remitente.",
    check_failed={
        "address": "Eso no es una dirección IP. Una es así: 192.0.2.1 o 2001:db8::1.",
        "rate": "Ha preguntado muchas veces. Espere unos minutos antes de preguntar de nuevo.",
        "busy": "Ahora mismo no se pudo saber. Inténtelo de nuevo en un minuto.",
    },
    errors={
        400: (
            "No lo hemos entendido",
            "Su navegador pidió algo, o con un nombre, que este servidor no tiene.",
        ),
        404: (
            "Esa página no existe",
            "Quizá la dirección tenga una errata, o la página ya no exista.",
        ),
        405: ("Aquí no es posible", "Esta página se puede leer, pero no se le puede enviar nada."),
        500: (
            "Aquí algo salió mal",
            "Es culpa nuestra, no suya, y ha quedado anotado. Inténtelo más tarde.",
        ),
    },
    error_next="Siga por aquí:",
    pages={
        "banned": Page(
            "Su servidor está bloqueado por un tiempo",
            "Desde esta dirección IP vino varias veces lo que solo hacen los atacantes y los"
            " programas de spam: se probaron, por ejemplo, muchas direcciones que no existen, o"
            " muchas contraseñas. Las conexiones se rechazan hasta que termine el bloqueo.",
            (
                "Vea abajo si su dirección está bloqueada, por qué y hasta cuándo.",
                "Pida a quien cuida su servidor que busque la causa: un virus, una contraseña"
                " robada, una lista vieja de direcciones. Los bloqueos seguidos son cada vez más"
                " largos.",
                "Su servidor guarda el correo y lo intenta de nuevo por sí mismo. Solo se pierde si"
                " el bloqueo dura más que esos intentos, y entonces se le avisa.",
            ),
            "El administrador de este servidor ve el bloqueo y puede levantarlo.",
        ),
        "dns-lists": Page(
            "Su servidor está en una lista de bloqueo",
            "La dirección IP que envió el correo está en una lista pública de servidores que envían"
            " spam. Este servidor no acepta correo de las direcciones de esa lista.",
            (
                "La respuesta nombra la lista. Su sitio dice por qué está la dirección y cómo se"
                " quita. Solo pueden hacerlo quienes llevan la lista.",
                "Si su correo pasa por un servicio de correo, dígaselo. Quizá la causa sean otros"
                " clientes suyos.",
            ),
            "El destinatario puede pedir a su servicio de correo que no use la lista para su"
            " buzón.",
        ),
        "greylist": Page(
            "Vuelva dentro de un momento",
            "Su servidor escribe a este destinatario por primera vez. A los remitentes nuevos se"
            " les pide que lo intenten de nuevo tras una breve espera, porque los programas de"
            " spam no lo hacen.",
            (
                "No tiene que hacer nada: los servidores lo intentan de nuevo por sí mismos, casi"
                " siempre en un cuarto de hora.",
                "Si el correo no llega nunca, su servidor no lo intenta de nuevo, o cada vez desde"
                " otra red. Dígaselo a quien lo cuida.",
            ),
            "Tras el primer mensaje ya no hay espera. El destinatario puede admitir a un remitente"
            " de antemano, o hacer que se quite la espera.",
        ),
        "helo": Page(
            "Su servidor da un nombre que no puede ser cierto",
            "Al empezar una conexión, un servidor de correo dice su nombre. El suyo dio uno que no"
            " existe, que es nuestro, o que no es un nombre.",
            (
                "Quien cuida su servidor debería hacerlo saludar con su nombre completo, como"
                " mail.example.org, que en el DNS lleva a su dirección IP.",
                "Si envía directamente su propio ordenador, use en su lugar el servidor de salida"
                " de su servicio de correo.",
            ),
            "El servicio de correo del destinatario puede quitar esta comprobación para él.",
        ),
        "manners": Page(
            "Su servidor no espera su turno",
            "Entre servidores de correo, uno habla y el otro espera. El suyo siguió antes de que el"
            " nuestro hubiera saludado o respondido. Los servidores de correo no hacen eso; los"
            " programas de spam, sí.",
            (
                "Dígaselo a quien cuida su servidor. Casi siempre envía un programa que no es un"
                " servidor de correo, o un cortafuegos cambia el diálogo.",
            ),
            "Nada: el destinatario no tiene que ver. El administrador de este servidor puede hacer"
            " una excepción para una dirección.",
        ),
        "too-many": Page(
            "Demasiado a la vez",
            "De su servidor vinieron, en poco tiempo, más conexiones, mensajes o remitentes de los"
            " permitidos.",
            (
                "No tiene que hacer nada: su servidor lo intenta de nuevo por sí mismo.",
                "Si pasa a menudo, quien cuida su servidor debería enviar menos mensajes al mismo"
                " tiempo.",
            ),
            "El administrador de este servidor puede subir los límites o eximir una dirección.",
        ),
        "protocol": Page(
            "Los programas no se entendieron",
            "Lo que envió su servidor o programa de correo no sigue las reglas del transporte de"
            " correo (SMTP). La respuesta dice qué estaba mal.",
            (
                "Inténtelo de nuevo; quizá hubo una perturbación en la conexión.",
                "Si pasa cada vez, pase la respuesta a quien cuida su servidor o hizo su programa.",
            ),
            "Nada, salvo que les pase a muchos: entonces debería mirarlo el administrador de este"
            " servidor.",
        ),
        "later": Page(
            "Ahora no: inténtelo más tarde",
            "Algo no funciona aquí en este momento: un disco, una comprobación, o todo el servicio"
            " se está iniciando de nuevo.",
            (
                "No tiene que hacer nada: su servidor lo intenta por sí mismo durante unos días.",
                "Si envió desde un programa de correo, envíe de nuevo en unos minutos.",
            ),
            "El administrador de este servidor encuentra la causa en su registro.",
        ),
        "dmarc": Page(
            "Nada prueba que el correo sea auténtico",
            "El dueño del dominio del remitente pide a todos que rechacen el correo que no pruebe"
            " que viene de allí (DMARC). Este mensaje no lo hizo: no lo firmó el dominio ni vino de"
            " un servidor que el dominio nombre.",
            (
                "Si usted gestiona el dominio: compruebe sus registros SPF, DKIM y DMARC, y si cada"
                " servicio que envía por usted firma con su dominio.",
                "Si envió por una lista o una redirección: escriba directamente al destinatario.",
                "Si la respuesta dice que lo intente más tarde, el DNS no respondió; su servidor lo"
                " hace por sí mismo.",
            ),
            "Un servicio de redirección en el que confía el administrador puede nombrarse en los"
            " ajustes.",
        ),
        "spam": Page(
            "El mensaje parece spam",
            "El mensaje tiene tanto en común con el correo no deseado que no se aceptó, o no se"
            " envió. Las palabras, los enlaces, la construcción y lo que se sabe del remitente"
            " cuentan juntos.",
            (
                "Escríbalo con más sencillez: menos enlaces e imágenes, sin adjuntos, un asunto"
                " claro.",
                "Diga al destinatario por otro medio que su correo no llega.",
                "Si usted no envió nada, quizá alguien use su cuenta: cambie su contraseña.",
            ),
            "El destinatario puede ponerle en su lista de remitentes admitidos, o elegir lo"
            " estricto que es su filtro.",
        ),
        "malware": Page(
            "El mensaje lleva un programa dañino",
            "Un antivirus encontró un programa dañino en el mensaje o en un adjunto.",
            (
                "No lo envíe de nuevo. Compruebe su ordenador con un antivirus actualizado.",
                "Si está seguro de que es un error, ponga el archivo donde pueda descargarse y"
                " envíe el enlace.",
            ),
            "No hay que hacer nada. Nadie recibió el mensaje.",
        ),
        "attachments": Page(
            "Un adjunto es de un tipo que no se acepta",
            "El mensaje tiene un archivo que podría hacer daño: un programa, un documento con"
            " macros que se ejecutan solas, o un archivo comprimido que contiene uno. La respuesta"
            " nombra el archivo.",
            (
                "Envíe el documento sin macros, o como PDF.",
                "Ponga el archivo donde pueda descargarse y envíe el enlace.",
            ),
            "El administrador de este servidor decide qué tipos de archivos se aceptan.",
        ),
        "headers": Page(
            "El mensaje no está construido como debe",
            "La cabecera o las líneas del mensaje están hechas como no las hace ningún programa"
            " corriente, y de un modo que puede engañar a quien lo lee.",
            (
                "Envíelo con un programa de correo corriente.",
                "Si lo hizo un programa o un sitio suyo, pase la respuesta a quien lo escribió:"
                " varios campos From, campos sin nombre, líneas muy largas y finales de línea que"
                " no son CR LF son causas frecuentes.",
            ),
            "El servicio de correo del destinatario ve en su seguimiento qué regla fue.",
        ),
        "too-large": Page(
            "El mensaje es demasiado grande",
            "El mensaje es mayor de lo que acepta este servidor, o el buzón del destinatario. Los"
            " adjuntos crecen un tercio al enviarse.",
            (
                "Reduzca las imágenes, o envíe los adjuntos uno por uno.",
                "Ponga los archivos grandes donde puedan descargarse y envíe el enlace.",
            ),
            "El administrador de este servidor puede subir los límites.",
        ),
        "loop": Page(
            "El mensaje da vueltas en círculo",
            "El mensaje pasó por demasiados servidores, o varias veces por este. Casi siempre dos"
            " direcciones se reenvían el correo una a otra.",
            (
                "Escriba a otra dirección del destinatario, y dígaselo.",
                "Si usted mismo tiene una redirección, vea si vuelve a su principio.",
            ),
            "Hay que cambiar o quitar una de las redirecciones.",
        ),
        "no-mailbox": Page(
            "Ese buzón no existe",
            "Nadie recibe correo en la dirección a la que escribió. Quizá tenga una errata, o ya no"
            " exista.",
            (
                "Compruebe la dirección letra por letra, también después de la @.",
                "Pregunte al destinatario por otro medio su dirección actual.",
                "Si su programa sugiere la dirección, quite la sugerencia.",
            ),
            "Un administrador del dominio puede crear la dirección, o un alias para una antigua.",
        ),
        "address": Page(
            "Eso no es una dirección de correo",
            "La dirección del remitente o de un destinatario no está escrita como una dirección, o"
            " tiene letras que su programa no puede enviar.",
            (
                "Busque espacios, comas, una @ que falte o un punto de más.",
                "Las direcciones con otras letras que de la a a la z necesitan un programa que las"
                " conozca (SMTPUTF8).",
            ),
            "Nada: el destinatario no tiene que ver.",
        ),
        "switched-off": Page(
            "El buzón o el dominio está desactivado",
            "La dirección existe, pero por ahora no acepta correo: su buzón, su dominio o su"
            " redirección está desactivado o en pausa.",
            (
                "Pregunte al destinatario por otro medio.",
                "Si es su propia cuenta desde la que no puede enviar, pregunte a quien la"
                " gestiona.",
            ),
            "Un administrador del dominio puede activarlo de nuevo.",
        ),
        "mailbox-full": Page(
            "El buzón está lleno",
            "El buzón del destinatario no tiene sitio ahora para este mensaje.",
            (
                "No tiene que hacer nada: su servidor lo intenta durante unos días, y el mensaje"
                " llega si para entonces hay sitio.",
                "Si es urgente, dígaselo al destinatario por otro medio.",
            ),
            "El destinatario puede borrar correo viejo y vaciar la papelera; su servicio de correo"
            " puede darle más espacio.",
        ),
        "sender": Page(
            "El destinatario no acepta correo de usted",
            "Su dirección o su dominio está en una lista de remitentes cuyo correo no quiere el"
            " destinatario, o su organización.",
            (
                "Si cree que es un error, pregunte al destinatario por otro medio.",
                "Si envía boletines, ya tiene bastantes. Quítelo de la lista.",
            ),
            "El destinatario, o un administrador de su dominio, puede cambiar la lista.",
        ),
        "rejected": Page(
            "Una regla del destinatario rechaza el mensaje",
            "El destinatario puso en su buzón una regla que rechaza mensajes como este. Lo que dice"
            " la respuesta son palabras suyas.",
            ("Haga lo que pide la respuesta, o pregúntele por otro medio.",),
            "El destinatario puede cambiar su regla.",
        ),
        "gateway": Page(
            "El destinatario solo acepta correo confidencial",
            "El correo para esta dirección solo se acepta si viene por la pasarela segura que"
            " nombra la respuesta. El correo corriente no es bastante confidencial.",
            (
                "Envíe desde un servicio de correo conectado a esa pasarela.",
                "Para lo que no es confidencial, pida otra dirección al destinatario.",
            ),
            "Un administrador del dominio decide qué direcciones son confidenciales.",
        ),
        "relay": Page(
            "Este servidor no reenvía ese correo",
            "El correo es para una dirección que no pertenece a este servidor, y vino de alguien"
            " que no se identificó aquí.",
            (
                "Si tiene un buzón aquí: configure su programa para que se identifique al enviar.",
                "Si no, quizá la dirección sea falsa, o el registro MX de su dominio lleve aquí por"
                " error. Dígaselo al destinatario por otro medio.",
            ),
            "Si el dominio debe estar aquí, el administrador tiene que añadirlo; si no, hay que"
            " corregir su registro MX.",
        ),
        "recipients": Page(
            "Demasiados destinatarios en un mensaje",
            "Un mensaje solo puede ir a cierto número de destinatarios a la vez, y los que están"
            " protegidos de formas distintas lo reciben uno tras otro.",
            (
                "Los servidores envían el mensaje a los demás por sí mismos.",
                "Si envió desde un programa de correo, envíe a menos destinatarios cada vez, o use"
                " una lista de correo.",
            ),
            "Un administrador puede permitir más destinatarios a una organización.",
        ),
        "login": Page(
            "No se pudo iniciar la sesión",
            "Su programa tiene que identificarse, por una conexión segura, antes de poder enviar."
            " La dirección o la contraseña era falsa, o no se identificó.",
            (
                "Compruebe que el nombre de usuario es su dirección completa, y escriba de nuevo la"
                " contraseña.",
                "Elija TLS o STARTTLS en su programa, y «contraseña» como forma de identificarse."
                " Todos los ajustes están en la página de inicio.",
                "Tras muchos intentos falsos el servidor hace una pausa; espere unos minutos.",
            ),
            "Quien gestiona su cuenta puede poner una contraseña nueva.",
        ),
        "limits": Page(
            "El envío desde su cuenta está limitado",
            "Su cuenta envió más de lo habitual o permitido, o se comporta como una cuya contraseña"
            " fue robada. Está frenada o bloqueada; usted sigue recibiendo su correo.",
            (
                "Si fue usted: espere, y envíe más despacio.",
                "Si no: cambie enseguida su contraseña, quite las contraseñas de dispositivos que"
                " no conozca, y revise su ordenador. Un mensaje le avisó de ello.",
            ),
            "Quien gestiona su cuenta puede desbloquearla una vez cambiada la contraseña.",
        ),
        "own-address": Page(
            "Esa no es una dirección suya",
            "Solo puede enviar en nombre de sus propias direcciones. El remitente de este mensaje"
            " es otro, o falta.",
            (
                "Ponga en su programa un remitente que pertenezca a su cuenta.",
                "Si alguien le deja enviar en su nombre, él o un administrador tiene que permitirlo"
                " aquí.",
            ),
            "Un administrador puede añadir la dirección a su cuenta, o permitir el envío en su"
            " nombre.",
        ),
        "records": Page(
            "Los registros DNS de su dominio están mal",
            "Con estos registros otros servidores deciden si el correo de su dominio es auténtico."
            " Tal como están, su correo se rechazaría o se tomaría por spam; por eso no se envía.",
            ("Dígaselo a quien gestiona su dominio. Un mensaje le avisó de ello.",),
            "Los registros necesarios los muestra «alphorn domain dns» con el nombre del dominio.",
        ),
    },
)
