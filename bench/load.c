/* load: drives a mail server on loopback with many blocking sessions, one thread each.
 *
 * It is C so that the generator takes a small, reported share of a small machine. It prints one
 * line of JSON. Nothing but 127.0.0.0/8 is ever addressed, and every run is bounded by a count
 * or by seconds.
 *
 *   load deliver PORT SESSIONS COUNT CORPUS keep|new    SMTP, one recipient a message
 *   load append  PORT SESSIONS COUNT CORPUS MAILBOX     IMAP APPEND, one account a session
 *   load login   PORT SESSIONS SECONDS plain|tls        connect, LOGIN, SELECT, LOGOUT
 *   load noop    PORT SESSIONS SECONDS
 *   load flags   PORT SESSIONS SECONDS                  FETCH n FLAGS, n random
 *
 * Environment: USERS (50), FIRST (1), DOMAIN (bench.test), PASSWORD, or PASSWORDS: a file with the
 * password of user N in line N. HELO (load.remote.test) and SENDER (sender@remote.test): how
 * `deliver` introduces itself and whom its mail is from.
 *
 * A corpus file is a run of records: 4 bytes length (little endian), then a message with CRLF
 * line ends and no line that begins with a dot. Each "#SERIAL-00000000#" (4 at most)
 * is overwritten with the message's own number, so that no two headers and no two bodies are alike.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#endif

#define MARK "#SERIAL-00000000#"
#define MARK_DIGITS_AT 8

#define MOST_MARKS 4

typedef struct { char *text; size_t size; size_t marks[MOST_MARKS]; int mark_count; } Record;

typedef struct {
    int fd;
    size_t filled, used;
    char in[32768];
#ifdef WITH_TLS
    SSL *tls;
#endif
} Link;

typedef int (*Job)(int id);

static Record *records;
static size_t record_count;
static int port, sessions, users = 50, first_user = 1, keep_open, use_tls;
static long wanted;
static char **passwords;
static double seconds, deadline;
static const char *domain = "bench.test", *password = "bench-secret", *mailbox = "INBOX";
static const char *helo = "load.remote.test", *sender = "sender@remote.test";
static atomic_long taken, done, failed, octets;
static char problem[256];
static pthread_mutex_t problem_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t start_line;
static Job job;

static double clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Keeps the first thing that went wrong, printable inside a JSON string. */
static int fail(const char *what, const char *line)
{
    pthread_mutex_lock(&problem_lock);
    if (!*problem) {
        snprintf(problem, sizeof problem, "%s: %.180s", what, line ? line : "");
        for (char *c = problem; *c; c++)
            if (*c < ' ' || *c == '"' || *c == '\\') *c = ' ';
    }
    pthread_mutex_unlock(&problem_lock);
    return -1;
}

static int link_open(Link *l)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 60};
    int on = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->filled = l->used = 0;
    l->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(l->fd, (struct sockaddr *)&to, sizeof to)) {
        close(l->fd);
        return fail("connect", "refused");
    }
#ifdef WITH_TLS
    l->tls = NULL;
    if (use_tls) {
        static SSL_CTX *context;
        pthread_mutex_lock(&problem_lock);
        if (!context) {
            context = SSL_CTX_new(TLS_client_method());
            SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
            SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        }
        pthread_mutex_unlock(&problem_lock);
        l->tls = SSL_new(context);
        SSL_set_fd(l->tls, l->fd);
        if (SSL_connect(l->tls) != 1) return fail("tls", "handshake");
    }
#endif
    return 0;
}

static void link_close(Link *l)
{
#ifdef WITH_TLS
    if (l->tls) SSL_free(l->tls);
#endif
    close(l->fd);
}

static int put(Link *l, const char *data, size_t size)
{
    while (size) {
#ifdef WITH_TLS
        ssize_t n = l->tls ? SSL_write(l->tls, data, (int)size) : send(l->fd, data, size, MSG_NOSIGNAL);
#else
        ssize_t n = send(l->fd, data, size, MSG_NOSIGNAL);
#endif
        if (n <= 0) return fail("send", "connection lost");
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* The next line without its line end, or NULL. Overlong lines are cut; valid until the next call. */
static char *take_line(Link *l)
{
    for (;;) {
        char *begin = l->in + l->used, *end = memchr(begin, '\n', l->filled - l->used);
        if (end) {
            l->used = (size_t)(end - l->in) + 1;
            if (end > begin && end[-1] == '\r') end--;
            *end = 0;
            return begin;
        }
        memmove(l->in, begin, l->filled -= l->used);
        l->used = 0;
        if (l->filled == sizeof l->in) l->filled = 0;
#ifdef WITH_TLS
        ssize_t n = l->tls ? SSL_read(l->tls, l->in + l->filled, (int)(sizeof l->in - l->filled))
                           : recv(l->fd, l->in + l->filled, sizeof l->in - l->filled, 0);
#else
        ssize_t n = recv(l->fd, l->in + l->filled, sizeof l->in - l->filled, 0);
#endif
        if (n <= 0) return NULL;
        l->filled += (size_t)n;
    }
}

/* Reads one SMTP reply, continuation lines included; its code, or -1. */
static int smtp_reply(Link *l, int expect, int *pipelining)
{
    for (;;) {
        char *line = take_line(l);
        if (!line) return fail("smtp", "connection lost");
        if (pipelining && !strncmp(line + 4, "PIPELINING", 10)) *pipelining = 1;
        if (line[3] == '-') continue;
        int code = atoi(line);
        return code / 100 == expect / 100 ? code : fail("smtp", line);
    }
}

static int smtp_hello(Link *l, int *pipelining)
{
    char hello[300];
    int size = snprintf(hello, sizeof hello, "EHLO %.250s\r\n", helo);
    *pipelining = 0;
    if (link_open(l)) return -1;
    if (smtp_reply(l, 220, NULL) < 0 || put(l, hello, (size_t)size)) return -1;
    return smtp_reply(l, 250, pipelining);
}

static size_t stamp(const Record *r, char *copy, long number)
{
    char digits[11];
    memcpy(copy, r->text, r->size);
    snprintf(digits, sizeof digits, "%08u", (unsigned)(number % 100000000));
    for (int i = 0; i < r->mark_count; i++) memcpy(copy + r->marks[i] + MARK_DIGITS_AT, digits, 8);
    return r->size;
}

static int smtp_message(Link *l, char *copy, long number, int pipelining)
{
    const Record *r = &records[(size_t)number % record_count];
    char envelope[400];
    size_t size = stamp(r, copy, number);
    int n = snprintf(envelope, sizeof envelope,
                     "MAIL FROM:<%.150s>\r\nRCPT TO:<user%ld@%.150s>\r\nDATA\r\n",
                     sender, first_user + number % users, domain);
    if (pipelining) {
        if (put(l, envelope, (size_t)n)) return -1;
        if (smtp_reply(l, 250, NULL) < 0 || smtp_reply(l, 250, NULL) < 0 || smtp_reply(l, 354, NULL) < 0)
            return -1;
    } else {
        char *at = envelope;
        for (int expect = 0; expect < 3; expect++) {
            char *end = strchr(at, '\n') + 1;
            if (put(l, at, (size_t)(end - at)) || smtp_reply(l, expect < 2 ? 250 : 354, NULL) < 0) return -1;
            at = end;
        }
    }
    memcpy(copy + size, ".\r\n", 3);
    if (put(l, copy, size + 3) || smtp_reply(l, 250, NULL) < 0) return -1;
    octets += (long)size;
    return 0;
}

static size_t largest(void)
{
    size_t most = 0;
    for (size_t i = 0; i < record_count; i++)
        if (records[i].size > most) most = records[i].size;
    return most + 64;
}

static int deliver(int id)
{
    Link *l = malloc(sizeof *l);
    char *copy = malloc(largest());
    int open = 0, pipelining = 0;
    (void)id;
    for (long number; (number = taken++) < wanted;) {
        if (!open && smtp_hello(l, &pipelining) < 0) { failed++; continue; }
        open = 1;
        if (smtp_message(l, copy, number, pipelining)) {
            failed++;
            link_close(l);
            open = 0;
            continue;
        }
        done++;
        if (!keep_open) {
            if (!put(l, "QUIT\r\n", 6)) take_line(l);
            link_close(l);
            open = 0;
        }
    }
    if (open) link_close(l);
    free(copy);
    free(l);
    return 0;
}

/* Sends a tagged IMAP command and reads to its end; 0 for OK. `exists` gets the last EXISTS. */
static int imap(Link *l, const char *command, long *exists)
{
    char *line;
    if (put(l, command, strlen(command))) return -1;
    while ((line = take_line(l))) {
        if (exists && line[0] == '*' && strstr(line, " EXISTS")) *exists = atol(line + 2);
        if (line[0] == 't' && line[1] == ' ')
            return strncmp(line + 2, "OK", 2) ? fail(command, line) : 0;
    }
    return fail(command, "connection lost");
}

static int imap_login(Link *l, int user)
{
    char command[400];
    if (link_open(l)) return -1;
    if (!take_line(l)) return fail("imap", "no greeting");
    snprintf(command, sizeof command, "t LOGIN user%d@%s %s\r\n", user, domain,
             passwords ? passwords[user - 1] : password);
    return imap(l, command, NULL);
}

static int append(int id)
{
    Link *l = malloc(sizeof *l);
    char *copy = malloc(largest() + 400), command[400];
    int ok = imap_login(l, first_user + id % users) == 0;
    snprintf(command, sizeof command, "t CREATE %s\r\n", mailbox);
    if (ok && strcmp(mailbox, "INBOX") && !put(l, command, strlen(command)))
        for (char *line; (line = take_line(l)) && line[0] != 't';) ;
    for (long number; ok && (number = taken++) < wanted;) {
        const Record *r = &records[(size_t)number % record_count];
        int n = snprintf(copy, 400, "t APPEND %s {%zu+}\r\n", mailbox, r->size);
        stamp(r, copy + n, number);
        memcpy(copy + n + r->size, "\r\n", 3);
        if (put(l, copy, (size_t)n + r->size + 2)) { failed++; break; }
        char *line;
        while ((line = take_line(l)) && line[0] != 't') ;
        if (!line || strncmp(line + 2, "OK", 2)) { failed++; fail("append", line); break; }
        octets += (long)r->size;
        done++;
    }
    if (!ok) failed++;
    link_close(l);
    free(copy);
    free(l);
    return 0;
}

static int login(int id)
{
    Link *l = malloc(sizeof *l);
    for (long turn = id; clock_s() < deadline; turn += sessions) {
        if (imap_login(l, first_user + (int)(turn % users)) || imap(l, "t SELECT INBOX\r\n", NULL)
            || imap(l, "t LOGOUT\r\n", NULL))
            failed++;
        else
            done++;
        link_close(l);
    }
    free(l);
    return 0;
}

static int commands(int id, int flags)
{
    Link *l = malloc(sizeof *l);
    unsigned seed = (unsigned)id + 7;
    long exists = 0;
    char command[80];
    if (imap_login(l, first_user + id % users) || imap(l, "t SELECT INBOX\r\n", &exists)) failed++;
    else if (flags && !exists) { failed++; fail("flags", "empty mailbox"); }
    else
        while (clock_s() < deadline) {
            if (flags)
                snprintf(command, sizeof command, "t FETCH %ld FLAGS\r\n", 1 + rand_r(&seed) % exists);
            if (imap(l, flags ? command : "t NOOP\r\n", NULL)) { failed++; break; }
            done++;
        }
    link_close(l);
    free(l);
    return 0;
}

static int noop(int id) { return commands(id, 0); }
static int flags(int id) { return commands(id, 1); }

static void *run(void *id)
{
    pthread_barrier_wait(&start_line);
    job((int)(intptr_t)id);
    return NULL;
}

static void read_corpus(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint32_t size;
    if (!file) { perror(path); exit(2); }
    while (fread(&size, 4, 1, file) == 1) {
        records = realloc(records, (record_count + 1) * sizeof *records);
        Record *r = &records[record_count++];
        r->size = size;
        r->text = malloc(size + 1);
        if (fread(r->text, 1, size, file) != size) { fprintf(stderr, "%s: cut short\n", path); exit(2); }
        r->text[size] = 0;
        r->mark_count = 0;
        for (char *at = r->text; r->mark_count < MOST_MARKS
             && (at = memmem(at, size - (size_t)(at - r->text), MARK, sizeof MARK - 1)); at++)
            r->marks[r->mark_count++] = (size_t)(at - r->text);
    }
    fclose(file);
}

static void read_passwords(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[200];
    passwords = calloc((size_t)(first_user + users), sizeof *passwords);
    for (int i = 0; file && i < first_user + users - 1 && fgets(line, sizeof line, file); i++) {
        line[strcspn(line, "\n")] = 0;
        passwords[i] = strdup(line);
    }
    if (!file || !passwords[first_user + users - 2]) { fprintf(stderr, "%s: too few lines\n", path); exit(2); }
    fclose(file);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; Job job; int corpus; } jobs[] = {
        {"deliver", deliver, 1}, {"append", append, 1}, {"login", login, 0}, {"noop", noop, 0}, {"flags", flags, 0}};
    const char *value;
    struct rusage usage;
    int corpus = -1;

    for (size_t i = 0; argc > 4 && i < sizeof jobs / sizeof *jobs; i++)
        if (!strcmp(argv[1], jobs[i].name)) { job = jobs[i].job; corpus = jobs[i].corpus; }
    if (!job || argc < (corpus ? 7 : 5)) { fprintf(stderr, "usage: see the head of load.c\n"); return 2; }
    if ((value = getenv("USERS"))) users = atoi(value);
    if ((value = getenv("FIRST"))) first_user = atoi(value);
    if ((value = getenv("DOMAIN"))) domain = value;
    if ((value = getenv("PASSWORD"))) password = value;
    if ((value = getenv("HELO"))) helo = value;
    if ((value = getenv("SENDER"))) sender = value;
    if ((value = getenv("PASSWORDS"))) read_passwords(value);
    port = atoi(argv[2]);
    sessions = atoi(argv[3]);
    if (corpus) {
        wanted = atol(argv[4]);
        read_corpus(argv[5]);
        keep_open = !strcmp(argv[6], "keep");
        mailbox = argv[6];
    } else {
        seconds = atof(argv[4]);
        use_tls = argc > 5 && !strcmp(argv[5], "tls");
    }

    pthread_t threads[sessions];
    pthread_barrier_init(&start_line, NULL, (unsigned)sessions + 1);
    for (intptr_t i = 0; i < sessions; i++) pthread_create(&threads[i], NULL, run, (void *)i);
    double begin = clock_s();
    deadline = begin + seconds;
    pthread_barrier_wait(&start_line);
    for (int i = 0; i < sessions; i++) pthread_join(threads[i], NULL);
    double took = clock_s() - begin;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"done\": %ld, \"failed\": %ld, \"octets\": %ld, \"seconds\": %.4f, \"cpu\": %.4f, \"problem\": \"%s\"}\n",
           (long)done, (long)failed, (long)octets, took,
           (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec * 1e-6
               + (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec * 1e-6, problem);
    return 0;
}
