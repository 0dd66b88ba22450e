/*
 * An echo server as one would write it in C: one thread, one level-triggered epoll instance, non-blocking
 * sockets. It is the yardstick: what the kernel costs, with next to nothing on top.
 *
 * usage: c-epoll PORT [lines]        (0: any free port; the first line of output names it)
 *
 * With `lines` it works as a server of lines has to: it looks for each line end, answers whole lines only, each as an answer of its own
 * that is copied into the output, and keeps the beginning of a line until the rest of it has come.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 1024
#define BUFFER_SIZE (64 * 1024)

/* What is kept of one client. `pending` exists only while the client reads more slowly than it writes. */
struct connection {
  int fd;
  char *pending;
  size_t length; /* bytes in pending */
  size_t sent;   /* bytes of them already taken by the kernel */
  char *begun;   /* with `lines`: the beginning of a line whose end has not come */
  size_t begun_length;
};

static int epoll_fd;
static int by_lines;
static char buffer[BUFFER_SIZE];
static char answers[BUFFER_SIZE];

static void fail(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static void watch(int operation, int fd, uint32_t events, void *data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  if (epoll_ctl(epoll_fd, operation, fd, &event) < 0) fail("epoll_ctl");
}

static void drop(struct connection *connection) {
  close(connection->fd); /* this also takes it out of the epoll instance */
  free(connection->pending);
  free(connection->begun);
  free(connection);
}

static int would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
      fail("accept4");
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) fail("calloc");
    connection->fd = fd;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, connection);
  }
}

/* Keeps what the kernel did not take, and waits for room instead of for more input: that is back-pressure. */
static void keep(struct connection *connection, const char *bytes, size_t length) {
  connection->pending = malloc(length);
  if (connection->pending == NULL) fail("malloc");
  memcpy(connection->pending, bytes, length);
  connection->length = length;
  connection->sent = 0;
  watch(EPOLL_CTL_MOD, connection->fd, EPOLLOUT, connection);
}

static void answer(struct connection *connection, const char *bytes, size_t length) {
  ssize_t sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
  if (sent < 0) {
    if (!would_block()) {
      drop(connection);
      return;
    }
    sent = 0;
  }
  if ((size_t)sent < length) keep(connection, bytes + sent, length - (size_t)sent);
}

/* Copies whole lines from the buffer to the answers, one by one, and keeps the rest. Returns the length of the answers. */
static size_t take_lines(struct connection *connection, size_t length) {
  size_t taken = 0;
  for (;;) {
    char *end = memchr(buffer + taken, '\n', length - taken);
    if (end == NULL) break;
    size_t line = (size_t)(end + 1 - (buffer + taken));
    memcpy(answers + taken, buffer + taken, line);
    taken += line;
  }
  free(connection->begun);
  connection->begun = NULL;
  connection->begun_length = length - taken;
  if (length > taken) {
    connection->begun = malloc(length - taken);
    if (connection->begun == NULL) fail("malloc");
    memcpy(connection->begun, buffer + taken, length - taken);
  }
  return taken;
}

static void on_readable(struct connection *connection) {
  size_t begun = connection->begun_length;
  if (begun == sizeof buffer) { /* a line that is longer than that */
    drop(connection);
    return;
  }
  ssize_t received = recv(connection->fd, buffer + begun, sizeof buffer - begun, 0);
  if (received < 0 && would_block()) return;
  if (received <= 0) {
    drop(connection);
    return;
  }
  if (!by_lines) {
    answer(connection, buffer, (size_t)received);
    return;
  }
  if (begun > 0) memcpy(buffer, connection->begun, begun);
  size_t length = take_lines(connection, begun + (size_t)received);
  if (length > 0) answer(connection, answers, length);
}

static void on_writable(struct connection *connection) {
  size_t left = connection->length - connection->sent;
  ssize_t sent = send(connection->fd, connection->pending + connection->sent, left, MSG_NOSIGNAL);
  if (sent < 0) {
    if (!would_block()) drop(connection);
    return;
  }
  connection->sent += (size_t)sent;
  if (connection->sent < connection->length) return;
  free(connection->pending);
  connection->pending = NULL;
  watch(EPOLL_CTL_MOD, connection->fd, EPOLLIN, connection);
}

/* The same descriptor limit as Node takes for itself: all that is permitted. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int listen_on(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, length) < 0) fail("bind");
  if (listen(fd, SOMAXCONN) < 0) fail("listen");
  if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) fail("getsockname");
  printf("listening %u\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(int count, char **arguments) {
  by_lines = count == 3 && strcmp(arguments[2], "lines") == 0;
  if (count != 2 && !by_lines) {
    fprintf(stderr, "usage: c-epoll PORT [lines]\n");
    return 2;
  }
  raise_descriptor_limit();
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) fail("epoll_create1");
  int listener = listen_on((uint16_t)atoi(arguments[1]));
  watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);

  static struct epoll_event events[BATCH];
  for (;;) {
    int ready = epoll_wait(epoll_fd, events, BATCH, -1);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    /* A connection is in a batch at most once, so one that is dropped here is not met again. */
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection == NULL) accept_all(listener);
      else if (connection->pending != NULL) on_writable(connection);
      else on_readable(connection);
    }
  }
}
